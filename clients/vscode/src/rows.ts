// The rows of the tree: an account, and below it what it used, what limits it and who uses it.

import type { Account, RateLimit } from "../../typescript/src/protocol.ts";
import { canLogInAgain, inUse, type View } from "./view.ts";
import { allowances, clock, pins, serves, state, usage, usd } from "./words.ts";

export interface Row {
  /** Stable, so that an open row stays open when everything is read again. */
  id: string;
  label: string;
  description?: string;
  /** A codicon's name. */
  icon?: string;
  /** A theme colour's name. */
  color?: string;
  /** What the menus look at: `account enabled apiKey`, `account enabled chatgpt logInAgain`. */
  context?: string;
  /** The account that a menu's command is about. */
  account?: string;
  children: Row[];
}

export function rows(view: View, now: number): Row[] {
  return (view.accounts ?? []).map((account) => ofAccount(account, view, now));
}

function ofAccount(account: Account, view: View, now: number): Row {
  const words = [...(inUse(view)?.account === account ? ["in use"] : []), ...pins(account, view.pins ?? []), state(account, now)];
  const again = canLogInAgain(account) ? ["logInAgain"] : [];
  return {
    id: account.id,
    label: account.label,
    description: words.join(" · "),
    icon: ICONS[account.state],
    color: account.state === "ready" ? "testing.iconPassed" : WARNING.has(account.state) ? "list.warningForeground" : "disabledForeground",
    context: ["account", account.enabled ? "enabled" : "disabled", account.kind, ...again].join(" "),
    account: account.id,
    children: children(account, view, now).map((row) => ({ ...row, id: `${account.id}/${row.id}`, children: [] })),
  };
}

const WARNING = new Set<Account["state"]>(["locked", "needsLogin", "overLimit", "rateLimited", "coolingDown", "circuitOpen"]);

const ICONS: Record<Account["state"], string> = {
  ready: "pass",
  notAllowed: "circle-slash",
  disabled: "circle-slash",
  locked: "lock",
  needsLogin: "key",
  overLimit: "credit-card",
  rateLimited: "watch",
  coolingDown: "watch",
  circuitOpen: "debug-disconnect",
};

function children(account: Account, view: View, now: number): Omit<Row, "children">[] {
  const found: Omit<Row, "children">[] = [];
  if (account.reason !== undefined) {
    found.push({ id: "reason", label: account.reason, icon: "info" });
  }
  if (account.usage !== undefined) {
    const { today, month } = account.usage;
    const { dailyUsd, monthlyUsd } = account.limits;
    found.push({ id: "today", label: "Today", description: usage(today) + of(dailyUsd), icon: "graph" });
    found.push({ id: "month", label: "This month", description: usage(month) + of(monthlyUsd), icon: "calendar" });
  }
  for (const { family, model, resetAt } of limits(account)) {
    const description = `limited until ${clock(resetAt, now)}`;
    found.push({ id: `limit/${family}/${model ?? ""}`, label: model ?? family, description, icon: "watch" });
  }
  for (const [name, description] of allowances(account, now)) {
    const label = name === "credits" ? "Credits" : `Quota of ${name}`;
    found.push({ id: `quota/${name}`, label, description, icon: "dashboard" });
  }
  if (account.groups.length > 0) {
    found.push({ id: "groups", label: "Groups", description: account.groups.join(", "), icon: "tag" });
  }
  if (account.models.length > 0) {
    found.push({ id: "models", label: "Kept for", description: account.models.join(", "), icon: "symbol-namespace" });
  }
  for (const { id, pid } of account.sessions) {
    const own = view.session?.session.id === id;
    const label = own ? "This window" : "Another session";
    const session = view.sessions?.find((session) => session.id === id) ?? { pid };
    found.push({ id: `session/${id}`, label, description: serves(session), icon: own ? "window" : "terminal" });
  }
  return found;
}

/** The limits but those of one model whose whole family is limited for as long. */
function limits(account: Account): Account["rateLimits"] {
  const covers = (limit: RateLimit, other: RateLimit): boolean =>
    limit.model === undefined && limit.family === other.family && limit.resetAt >= other.resetAt;
  return account.rateLimits.filter(
    (limit) => limit.model === undefined || !account.rateLimits.some((other) => covers(other, limit)),
  );
}

function of(limit: number | undefined): string {
  return limit === undefined ? "" : ` of ${usd(limit)}`;
}
