// The models as OpenCode lists them: those that the pool serves, each with the limits and the cost it has there.

import type { Cost, Model } from "./opencode.js";
import { priced } from "./pricing.js";
import type { BackendModel, Served } from "./served.js";

/** What OpenCode's own ChatGPT plugin assumes where the backend says nothing of a model. */
const LOGIN_INPUT = 272_000;
const OUTPUT = 128_000;

/** Of a model that nobody describes: less than any has, so that OpenCode compacts too early and never too late. */
const SMALL = { context: 128_000, output: 16_384 };
const LARGE = { context: LOGIN_INPUT + OUTPUT, input: LOGIN_INPUT, output: OUTPUT };
const HAS_LARGE = /^gpt-[5-9](?!.*(-chat|-spark))/;

const FREE: Cost = { input: 0, output: 0, cache: { read: 0, write: 0 } };

/** In OpenAI's list are many models that hold no conversation. */
const CONVERSES =
  /^(gpt-[4-9]|o\d|codex-)(?!.*(audio|realtime|image|transcribe|tts|search|instruct))/;

const REASONS = /^(gpt-[5-9]|o\d|codex-)/;

/** OpenCode's own catalogue; something may have left out a part of it. */
export interface Catalogue {
  known: Record<string, Model>;
  isWhole: boolean;
}

/** The models to list, `first` among them. */
export function listing({ known, isWhole }: Catalogue, served: Served, first?: string): Record<string, Model> {
  const listed: Record<string, Model> = {};
  for (const [id, model] of Object.entries(known)) {
    const isServed = served.names.has(model.api.id) || !served.isWhole;
    if (isServed && isOffered(model, served)) listed[id] = adjusted(model, served);
  }
  for (const described of served.described.values()) listed[described.slug] ??= adjusted(made(described), served);
  const isStrange = Object.keys(listed).length === 0;
  for (const name of served.names) {
    const isListed = isStrange || name === first || (!isWhole && CONVERSES.test(name));
    if (isListed) listed[name] ??= adjusted(made({ slug: name }), served);
  }
  return listed;
}

/** Beside a model OpenCode lists ways to use it, under names of their own. Not every login takes each. */
function isOffered({ api, options }: Model, served: Served): boolean {
  if (!served.byLogin(api.id)) return true;
  if (options["reasoningMode"] === "pro") return false;
  const tier = options["serviceTier"];
  const tiers = served.described.get(api.id)?.service_tiers;
  return tier === undefined || !Array.isArray(tiers) || tiers.some(({ id }) => id === tier);
}

function adjusted(model: Model, served: Served): Model {
  const name = model.api.id;
  const cost = served.byKey(name) ? priced(model, served.prices) : FREE;
  if (!served.byLogin(name)) return { ...model, cost };
  const described = served.described.get(name);
  const known = model.limit.input ?? Infinity;
  const window = described?.context_window ?? Math.min(LOGIN_INPUT, known);
  // The smaller one where both serve it: the conversation may come to either.
  const input = served.byKey(name) ? Math.min(window, known) : window;
  const output = model.limit.output || OUTPUT;
  const limit = { context: input + output, input, output };
  const variants = efforts(described, model);
  return { ...model, cost, limit, ...(variants ? { variants } : {}) };
}

/** How hard the model can think, as OpenCode offers it. `ultra` is a way of Codex's, which asks for `max` then. */
function efforts(described: BackendModel | undefined, { variants }: Model): Model["variants"] {
  const levels = described?.supported_reasoning_levels?.map(({ effort }) => effort);
  if (!levels?.length) return variants;
  const taken = (effort: string | undefined) => effort !== undefined && effort !== "ultra";
  const common = { reasoningSummary: "auto", include: ["reasoning.encrypted_content"] };
  const offered = levels.filter(taken).map((effort) => [effort, { reasoningEffort: effort, ...common }]);
  return Object.fromEntries(offered);
}

/** A model that OpenCode does not know. */
function made({ slug, ...described }: BackendModel): Model {
  const sees = described.input_modalities?.includes("image") ?? CONVERSES.test(slug);
  const nothing = { text: false, audio: false, image: false, video: false, pdf: false };
  const levels = described.supported_reasoning_levels;
  const window = described.context_window;
  const usual = HAS_LARGE.test(slug) ? LARGE : SMALL;
  return {
    id: slug,
    providerID: "openai",
    api: { id: slug, url: "", npm: "@ai-sdk/openai" },
    name: described.display_name ?? slug,
    family: slug.replace(/-?\d+(\.\d+)?/, ""),
    status: "active",
    capabilities: {
      temperature: false,
      reasoning: levels === undefined ? REASONS.test(slug) : levels.length > 0,
      attachment: sees,
      toolcall: true,
      input: { ...nothing, text: true, image: sees, pdf: sees },
      output: { ...nothing, text: true },
      interleaved: false,
    },
    cost: FREE,
    limit: window === undefined ? usual : { context: window + OUTPUT, input: window, output: OUTPUT },
    options: {},
    headers: {},
    release_date: "",
  };
}
