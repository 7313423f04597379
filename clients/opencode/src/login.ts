// `opencode auth login` and `/connect`: a ChatGPT login or a key that is added there goes to the accounts file, sealed,
// and to no other place.
//
// OpenCode has two kinds of methods. One of kind `api` always writes the key to OpenCode's own auth.json and never
// shows it to the plugin. One of kind `oauth` asks what the plugin wants to know, and stores only what its callback
// hands over: these hand over nothing. Its price is that a key can be seen while it is typed.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Account, AccountsLoginParams, CodexAccountManager, Login } from "codex-account-manager";

import { openPage } from "./browser.js";
import type { AuthHook, AuthMethod, Authorization, Prompt } from "./opencode.js";
import type { Toasts } from "./toasts.js";
import { words } from "./tools.js";

/** How long `reset` may take. */
const RESET_MS = 15_000;

/** The accounts as the prompts know them: OpenCode asks for prompts and does not wait. */
export class KnownAccounts {
  count = 0;

  /** Reads them again. */
  async refresh(manager: CodexAccountManager, signal?: AbortSignal): Promise<readonly Account[]> {
    const { accounts } = await manager.request("accounts/list", {}, signal ? { signal } : {});
    this.count = accounts.length;
    return accounts;
  }
}

export function login(manager: CodexAccountManager, known: KnownAccounts, binary: string, toasts: Toasts): AuthHook {
  const chatGpt = new ChatGptLogins(manager, toasts);
  const methods: AuthMethod[] = [
    {
      type: "oauth",
      label: "ChatGPT (browser)",
      // As often as somebody asks: accounts come and go.
      get prompts() {
        return start(known);
      },
      authorize: (inputs) => chatGpt.begin("browser", inputs),
    },
    {
      type: "oauth",
      label: "ChatGPT (device code)",
      get prompts() {
        return start(known);
      },
      authorize: (inputs) => chatGpt.begin("device", inputs),
    },
    {
      type: "oauth",
      label: "API key",
      get prompts() {
        return [...start(known), ...KEY];
      },
      authorize: (inputs) => addKey(manager, binary, inputs),
    },
  ];
  return { provider: "openai", methods };
}

/** Logins in which the person is led to a page, one at a time. */
class ChatGptLogins {
  readonly #manager: CodexAccountManager;
  readonly #toasts: Toasts;
  #latest: Login | undefined;

  constructor(manager: CodexAccountManager, toasts: Toasts) {
    this.#manager = manager;
    this.#toasts = toasts;
  }

  async begin(method: AccountsLoginParams["method"], { start }: Record<string, string> = {}): Promise<Authorization> {
    await this.#leaveLatest();
    const begun = await this.#manager.login({ method, ...(start === "fresh" ? { fresh: true } : {}) }).catch(failed);
    this.#latest = begun;
    if (method === "browser") openPage(begun.url);
    const instructions = begun.userCode
      ? `Enter code: ${begun.userCode}`
      : "Log in on the page that opens in your browser, or open it yourself.";
    // Reported by a toast whether or not OpenCode still waits.
    const ended = this.#ended(begun);
    ended.catch(() => {});
    return { url: begun.url, instructions, method: "auto", callback: () => ended };
  }

  /** OpenCode does not say when somebody leaves its dialog. Beginning again cancels what was before. */
  async #leaveLatest(): Promise<void> {
    const latest = this.#latest;
    if (latest === undefined) return;
    // From here on its failure is nobody's news. An account that comes all the same is reported.
    this.#latest = undefined;
    await latest.cancel().catch(() => {});
    // Only then is the port free to which the browser comes back.
    await latest.finished().catch(() => {});
  }

  async #ended(begun: Login): Promise<{ type: "success" }> {
    const isLatest = () => this.#latest === begun;
    try {
      const { index, label } = await begun.finished();
      this.#toasts.answer("success", `Logged in: account ${index} (${label})`);
      return { type: "success" };
    } catch (error) {
      // Of the end of one that was left for another nobody needs to hear.
      if (isLatest()) this.#toasts.answer("error", words(error));
      // `failed` would have OpenCode say that it failed, and not why.
      return failed(error);
    } finally {
      if (isLatest()) this.#latest = undefined;
    }
  }
}

async function addKey(
  manager: CodexAccountManager,
  binary: string,
  { start, label = "", key = "" }: Record<string, string> = {},
): Promise<Authorization> {
  let moved = "";
  try {
    if (start === "fresh") {
      const { stdout } = await promisify(execFile)(binary, ["reset", "--yes"], { timeout: RESET_MS });
      moved = `${stdout.trim()}. `;
    }
    const added = await manager.request("accounts/add", { label: label.trim(), apiKey: key.trim() });
    return done(`${moved}Added account ${added.index} (${added.label})`);
  } catch (error) {
    throw new Error(moved + words(error), { cause: error });
  }
}

/** Whether to add or to start fresh, where there is something to add to. */
function start({ count }: KnownAccounts): Prompt[] {
  if (count === 0) return [];
  return [
    {
      type: "select",
      key: "start",
      message: count === 1 ? "There is one account" : `There are ${count} accounts`,
      options: [
        { label: "Add another", value: "add" },
        { label: "Start fresh", value: "fresh", hint: "moves the accounts file aside; nothing is deleted" },
      ],
    },
  ];
}

const KEY: Prompt[] = [
  {
    type: "text",
    key: "label",
    message: "What is the account called?",
    placeholder: "work",
    validate: (text) => (/^\d*$/.test(text.trim()) ? "It needs a name that is not a number" : undefined),
  },
  {
    type: "text",
    key: "key",
    message: "Its API key (shown while you type; `codex-account-manager add` hides it)",
    placeholder: "sk-…",
    validate: (text) => (text.trim() === "" ? "It needs a key" : undefined),
  },
];

/** Success with neither a token nor a key in it: OpenCode stores nothing. */
function done(instructions: string): Authorization {
  return { url: "", instructions, method: "auto", callback: async () => ({ type: "success" }) };
}

/** With what to do in its message, which is all that OpenCode shows. */
function failed(error: unknown): never {
  throw new Error(words(error), { cause: error });
}
