// What the pool serves: the proxy's list of models, and of which accounts it is.

import type { Account, CodexAccountManager } from "codex-account-manager";

import { matches } from "./matches.js";
import type { Override } from "./pricing.js";

/** A model as a login's backend lists it, as far as it is used here. Nothing of it is sure to be there. */
export interface BackendModel {
  slug: string;
  priority?: number;
  display_name?: string;
  context_window?: number;
  input_modalities?: string[];
  service_tiers?: { id?: string }[];
  supported_reasoning_levels?: { effort?: string }[];
}

export interface Served {
  /** The names of all models. */
  names: ReadonlySet<string>;
  /** Whether no account serves another one. Of several servers behind the keys of a pool one alone gives its list. */
  isWhole: boolean;
  /** Those that a login's backend describes, the ones it puts first at the front. */
  described: ReadonlyMap<string, BackendModel>;
  /** The prices that the owner set. */
  prices: readonly Override[];
  /** Whether a login of the pool serves the model. */
  byLogin(name: string): boolean;
  /** Whether a key of the pool may serve the model. */
  byKey(name: string): boolean;
}

/** What these accounts serve now; fails where the proxy has no list. */
export async function ask(
  manager: CodexAccountManager,
  accounts: readonly Account[],
  signal: AbortSignal,
): Promise<Served> {
  const [{ proxy }, { values }] = await Promise.all([
    manager.ready({ signal }),
    manager.request("config/read", {}, { signal }),
  ]);
  const headers = { authorization: `Bearer ${proxy.apiKey ?? ""}` };
  const response = await fetch(`${proxy.baseUrl}/models`, { headers, signal });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`the proxy does not list the models: ${JSON.stringify(body)}`);
  const prices = values.find(({ key }) => key === "pricing")?.value;
  return served(body, accounts, Array.isArray(prices) ? (prices as Override[]) : []);
}

/** Of the accounts what decides on the models: it changes seldom, other things of them with every request. */
export function fingerprint(accounts: readonly Account[]): string {
  return JSON.stringify(accounts.filter(isAble).map(({ id, models, plan }) => [id, models, plan]));
}

function isAble({ enabled, state }: Account): boolean {
  return enabled && state !== "notAllowed" && state !== "locked" && state !== "needsLogin";
}

/** The model to begin with, of those the person lets OpenCode list. */
export function preferred({ names, described }: Served, isLet: (name: string) => boolean): string | undefined {
  const [first] = [...described.keys()].filter(isLet);
  if (first !== undefined) return first;
  // What OpenCode would begin with may be a way of a model that costs a multiple.
  const plain = [...names].filter((name) => PLAIN.test(name) && isLet(name));
  const version = (name: string) => Number(PLAIN.exec(name)?.[1]);
  return plain.toSorted((one, other) => version(other) - version(one) || (one < other ? 1 : -1))[0];
}

/** The large models of each generation. */
const PLAIN = /^gpt-(\d+(?:\.\d+)?)(-sol|-terra)?$/;

export function served(body: unknown, accounts: readonly Account[], prices: readonly Override[] = []): Served {
  const { data, models } = (body ?? {}) as { data?: { id?: unknown }[]; models?: BackendModel[] };
  const ids = (Array.isArray(data) ? data : []).map((model) => model?.id);
  const names = new Set(ids.filter((id) => typeof id === "string"));
  if (names.size === 0) throw new Error("the list of models is empty");
  const listed = (Array.isArray(models) ? models : []).filter((model) => names.has(model?.slug));
  const inOrder = listed.toSorted((one, other) => (one.priority ?? Infinity) - (other.priority ?? Infinity) || 0);
  const described = new Map(inOrder.map((model) => [model.slug, model]));
  const able = accounts.filter(isAble);
  const keys = able.filter(({ kind }) => kind === "apiKey");
  const logins = able.filter(({ kind }) => kind === "chatgpt");
  return {
    names,
    isWhole: logins.length > 0 || new Set(keys.map(({ baseUrl }) => baseUrl)).size < 2,
    described,
    prices,
    // Where every account is a login they serve what is listed, however little they say of it.
    byLogin: (name) => admitted(logins, name) && (described.has(name) || keys.length === 0),
    byKey: (name) => admitted(keys, name),
  };
}

function admitted(accounts: readonly Account[], name: string): boolean {
  return accounts.some(({ models }) => models.length === 0 || models.some((pattern) => matches(pattern, name)));
}
