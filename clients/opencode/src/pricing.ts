// What a model costs at a key: what the sidecar counts, so that OpenCode and `usage` say the same.

import { matches } from "./matches.js";
import type { Cost, Model, Rates } from "./opencode.js";
import { PRICES, type Price } from "./prices.js";

/** A `[[pricing]]` table of the sidecar's configuration, which has been checked there. */
export interface Override {
  model: string;
  input: number;
  cached_input?: number;
  output?: number;
  cache_write?: number;
  long_context_above?: number;
  long_context_input?: number;
  long_context_output?: number;
  priority?: number;
}

/** As the sidecar has them for a model that says nothing else. */
const LONG = { above: 272_000, input: 2, output: 1.5 };
const PRIORITY = 2;

/** The cost of the model, or what OpenCode knows of it where the sidecar has no price. */
export function priced({ api, options, cost }: Model, overrides: readonly Override[]): Cost {
  const builtIn = PRICES[api.id] ?? PRICES[api.id.replace(/-\d{4}-\d{2}-\d{2}$/, "")];
  const override = overrides.find(({ model }) => matches(model, api.id));
  const price = override ? overridden(override, builtIn) : builtIn;
  if (price === undefined) return cost;
  const times = options["serviceTier"] === "priority" ? price.priority : 1;
  const { long } = price;
  const usual = rates(price, times, times);
  if (long === undefined) return usual;
  const tier = { type: "context" as const, size: long.above };
  return { ...usual, tiers: [{ ...rates(price, times * long.input, times * long.output), tier }] };
}

function overridden(override: Override, builtIn: Price | undefined): Price {
  const { input, cached_input = input, output = 0, priority = builtIn?.priority ?? PRIORITY } = override;
  const written = builtIn && builtIn.input > 0 ? builtIn.cacheWrite / builtIn.input : 1;
  const known = builtIn?.long ?? LONG;
  const {
    long_context_above: above = known.above,
    long_context_input: longInput = known.input,
    long_context_output: longOutput = known.output,
  } = override;
  const isLong = builtIn?.long !== undefined || Object.keys(override).some((key) => key.startsWith("long_context_"));
  return {
    input,
    cachedInput: cached_input,
    cacheWrite: override.cache_write ?? input * written,
    output,
    priority,
    ...(isLong ? { long: { above, input: longInput, output: longOutput } } : {}),
  };
}

function rates(price: Price, input: number, output: number): Rates {
  const cache = { read: rounded(price.cachedInput * input), write: rounded(price.cacheWrite * input) };
  return { input: rounded(price.input * input), output: rounded(price.output * output), cache };
}

/** To the smallest price the sidecar knows; people see the number. */
function rounded(price: number): number {
  return Number(price.toFixed(6));
}
