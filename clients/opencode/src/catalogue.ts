// OpenCode's own catalogue, as it last fetched it. Where it has a ChatGPT login stored, its own plugin leaves out of the
// catalogue what a login of a plan does not serve, before any other plugin sees it: what the keys of the pool serve is
// found here.

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import type { Cost, Modalities, Model, Rates } from "./opencode.js";

interface Entry {
  id: string;
  name?: string;
  family?: string;
  status?: Model["status"];
  release_date?: string;
  attachment?: boolean;
  reasoning?: boolean;
  temperature?: boolean;
  tool_call?: boolean;
  modalities?: { input?: string[]; output?: string[] };
  cost?: Partial<EntryRates> & { tiers?: (EntryRates & { tier: { type: "context"; size: number } })[] };
  limit?: { context?: number; input?: number; output?: number };
}

interface EntryRates {
  input: number;
  output: number;
  cache_read?: number;
  cache_write?: number;
}

/** OpenAI's models; none where there is no catalogue, or one that cannot be read. */
export async function fetched(environment: NodeJS.ProcessEnv): Promise<Record<string, Model>> {
  const cache = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const path = environment["OPENCODE_MODELS_PATH"] ?? join(cache, "opencode", "models.json");
  try {
    const { openai } = JSON.parse(await readFile(path, "utf8")) as { openai: { models: Record<string, Entry> } };
    return Object.fromEntries(Object.entries(openai.models).map(([id, entry]) => [id, model(id, entry)]));
  } catch {
    return {};
  }
}

function model(id: string, entry: Entry): Model {
  const { context = 0, input, output = 0 } = entry.limit ?? {};
  return {
    id,
    providerID: "openai",
    api: { id: entry.id, url: "", npm: "@ai-sdk/openai" },
    name: entry.name ?? id,
    ...(entry.family === undefined ? {} : { family: entry.family }),
    status: entry.status ?? "active",
    capabilities: {
      temperature: entry.temperature ?? false,
      reasoning: entry.reasoning ?? false,
      attachment: entry.attachment ?? false,
      toolcall: entry.tool_call ?? true,
      input: modalities(entry.modalities?.input),
      output: modalities(entry.modalities?.output),
      interleaved: false,
    },
    cost: cost(entry.cost),
    limit: { context, ...(input === undefined ? {} : { input }), output },
    options: {},
    headers: {},
    release_date: entry.release_date ?? "",
  };
}

function modalities(names: string[] = []): Modalities {
  const has = (name: string) => names.includes(name);
  return { text: has("text"), audio: has("audio"), image: has("image"), video: has("video"), pdf: has("pdf") };
}

function cost(given: Entry["cost"] = {}): Cost {
  const tiers = given.tiers?.map((tier) => ({ ...rates(tier), tier: tier.tier }));
  return { ...rates(given), ...(tiers ? { tiers } : {}) };
}

function rates({ input = 0, output = 0, cache_read = 0, cache_write = 0 }: Partial<EntryRates>): Rates {
  return { input, output, cache: { read: cache_read, write: cache_write } };
}
