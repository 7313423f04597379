// The hook by which OpenCode asks which models there are, and what it receives when they change.

import type { CodexAccountManager } from "codex-account-manager";

import { fetched } from "./catalogue.js";
import type { Log } from "./journal.js";
import { limited } from "./limited.js";
import { listing, type Catalogue } from "./listing.js";
import type { Config, Hooks, Model, ProviderHook } from "./opencode.js";
import { priced } from "./pricing.js";
import { hasChosen } from "./recent.js";
import { ask, fingerprint, preferred, type Served } from "./served.js";
import type { Toasts } from "./toasts.js";
import { words } from "./tools.js";

/** OpenCode waits for its models. One account that does not answer takes the proxy five seconds. */
const ASK_MS = 6_000;

/** A list that is older is requested again. */
const FRESH_MS = 30_000;

/** Several accounts come and go at once. */
const SETTLE_MS = 1_500;

/** The family of OpenCode's own choice for titles and summaries. */
const OWN_CHOICE = "gpt-nano";

export class Models {
  readonly #manager: CodexAccountManager;
  readonly #log: Log;
  readonly #toasts: Toasts;
  /** OpenCode's own, once it has asked. */
  #catalogue: Catalogue | undefined;
  /** What was listed last, and of which accounts. */
  #latest: Served | undefined;
  #listed: string[] = [];
  #accounts = "";
  /** What OpenCode begins with, where that was decided here. */
  #first: string | undefined;
  #asked: { served: Promise<Served>; at: number } | undefined;
  #changed: NodeJS.Timeout | undefined;

  constructor(manager: CodexAccountManager, log: Log, toasts: Toasts) {
    this.#manager = manager;
    this.#log = log;
    this.#toasts = toasts;
    manager.onNotification("accounts/didChange", () => this.#recheckSoon());
  }

  /** Sets the model that OpenCode begins with, unless the person has chosen one in the configuration or in OpenCode. */
  async begin(config: Config): Promise<void> {
    if (config.model !== undefined || (await hasChosen(process.env))) return;
    const { whitelist, blacklist } = config.provider?.["openai"] ?? {};
    const isLet = (name: string) => (whitelist?.includes(name) ?? true) && !blacklist?.includes(name);
    try {
      this.#first = preferred(await this.#served(), isLet);
      if (this.#first !== undefined) config.model = `openai/${this.#first}`;
    } catch (error) {
      this.#log("warn", `The models are not known: ${words(error)}`);
    }
  }

  readonly hook: ProviderHook = {
    id: "openai",
    models: async ({ models }, { auth }) => {
      const isWhole = auth?.type !== "oauth";
      const known = isWhole ? models : { ...models, ...(await fetched(process.env)) };
      this.#catalogue = { known, isWhole };
      try {
        return this.#list(this.#catalogue, await this.#served());
      } catch (error) {
        // OpenCode lists what it knows, and a request says what is wrong.
        this.#log("warn", `The models are not known: ${words(error)}`);
        return models;
      }
    },
  };

  /** For titles and summaries the cheapest model: one that the logins serve, else OpenCode's own choice if it is served. */
  readonly small: NonNullable<Hooks["experimental.provider.small_model"]> = async ({ provider }, output) => {
    if (provider.id !== "openai" || this.#catalogue === undefined) return;
    const { known } = this.#catalogue;
    const all = Object.values(provider.models);
    const ofLogins = all.filter(({ api }) => this.#latest?.byLogin(api.id));
    const models = ofLogins.length > 0 ? ofLogins : all;
    if (models.some(({ family }) => family === OWN_CHOICE)) return;
    // What it costs at a key shows how small a model is, also where a login serves it at no cost.
    const price = (model: Model) => priced(known[model.id] ?? model, []).output || Infinity;
    const plain = models.filter((model) => Object.keys(model.options).length === 0 && price(model) < Infinity);
    const [cheapest] = plain.toSorted((one, other) => price(one) - price(other));
    if (cheapest) output.model = cheapest;
  };

  #list(catalogue: Catalogue, served: Served): Record<string, Model> {
    this.#latest = served;
    const listed = listing(catalogue, served, this.#first);
    this.#listed = Object.keys(listed);
    return listed;
  }

  /** OpenCode wants them twice when it starts. */
  #served(): Promise<Served> {
    if (this.#asked === undefined || Date.now() - this.#asked.at > FRESH_MS) {
      this.#asked = { served: this.#ask(), at: Date.now() };
    }
    return this.#asked.served;
  }

  #ask(): Promise<Served> {
    return limited(ASK_MS, async (signal) => {
      const { accounts } = await this.#manager.request("accounts/list", {}, { signal });
      this.#accounts = fingerprint(accounts);
      return ask(this.#manager, accounts, signal);
    });
  }

  #recheckSoon(): void {
    if (this.#catalogue === undefined) return;
    clearTimeout(this.#changed);
    this.#changed = setTimeout(() => void this.#recheck().catch(() => {}), SETTLE_MS).unref();
  }

  /** OpenCode asks for its models once; what is new it lists from its next start on. */
  async #recheck(): Promise<void> {
    const { accounts } = await this.#manager.request("accounts/list");
    if (this.#catalogue === undefined || fingerprint(accounts) === this.#accounts) return;
    const before = this.#listed;
    this.#list(this.#catalogue, await this.#ask());
    const added = this.#listed.filter((id) => !before.includes(id));
    const gone = before.filter((id) => !this.#listed.includes(id));
    const changes = [named("new", added), named("gone", gone)].filter((text) => text !== undefined).join("; ");
    if (changes === "") return;
    this.#toasts.show("info", `The accounts serve other models now (${changes}); OpenCode lists them when it starts again`);
  }
}

function named(what: string, [first, ...others]: string[]): string | undefined {
  if (first === undefined) return undefined;
  return `${what}: ${first}${others.length > 0 ? ` and ${others.length} more` : ""}`;
}
