// What is known of the sidecar and its accounts: all that the status bar, the tree and the quick pick show.

import type { Account, AccountSet, Pin, RoutingDidSelectParams, Session, SessionInfo } from "../../typescript/src/protocol.ts";

/** `missing`: there is no program. `stopped`: it ended and is not started again by itself. */
export type Phase = "starting" | "running" | "missing" | "stopped";

export interface View {
  phase: Phase;
  /** Why there is no program. */
  problem?: string;
  session?: SessionInfo;
  /** Absent until they are read for the first time. */
  accounts?: readonly Account[];
  /** The accounts that this window may use; absent when nothing narrows them. */
  accountSet?: AccountSet;
  /** The switches by hand that this window follows. */
  pins?: readonly Pin[];
  /** Every session, and what it serves; empty while this window's is alone. */
  sessions?: readonly Session[];
  /** The latest choice of this window's proxy. */
  latest?: RoutingDidSelectParams;
}

/** The account that this window's requests go to, and the one it stands in for while that is limited. */
export function inUse(view: View): { account: Account; instead?: Account } | undefined {
  const account = view.accounts?.find((account) => account.active);
  if (account === undefined) {
    return undefined;
  }
  const latest = view.latest === undefined ? undefined : byId(view, view.latest.account);
  const stands = account.state !== "ready" && latest?.state === "ready";
  return stands ? { account: latest, instead: account } : { account };
}

/** The accounts that this window may use. */
export function allowed(view: View): readonly Account[] {
  return (view.accounts ?? []).filter(({ state }) => state !== "notAllowed");
}

/** Whether its person has to log in again, and can here. */
export function canLogInAgain({ kind, state }: Account): boolean {
  return kind === "chatgpt" && state === "needsLogin";
}

/** An account by its id. */
export function byId(view: View, id: string): Account | undefined {
  return view.accounts?.find((account) => account.id === id);
}

/** When none can serve: the soonest time that one can again by itself, or null when none ever will. */
export function exhausted(view: View): { until: number | null } | undefined {
  const accounts = view.accounts ?? [];
  if (accounts.length === 0 || accounts.some((account) => account.state === "ready")) {
    return undefined;
  }
  const times = accounts.filter(({ state }) => waits.has(state)).map(({ availableAt }) => availableAt);
  const known = times.filter((time) => time !== undefined);
  return { until: known.length === 0 ? null : Math.min(...known) };
}

/** The states that end by themselves. */
const waits = new Set<Account["state"]>(["overLimit", "rateLimited", "coolingDown", "circuitOpen"]);

/** The next time at which a state ends by itself, with no message that reports it. */
export function nextChange(view: View, now: number): number | undefined {
  const times = (view.accounts ?? []).flatMap(({ availableAt, rateLimits }) => [
    ...(availableAt === undefined ? [] : [availableAt]),
    ...rateLimits.map(({ resetAt }) => resetAt),
  ]);
  const coming = times.filter((time) => time > now);
  return coming.length === 0 ? undefined : Math.min(...coming);
}
