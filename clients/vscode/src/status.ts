// The status bar item: the account in use and what limits it, and more in the tooltip.

import type { Account } from "../../typescript/src/protocol.ts";
import { allowed, byId, exhausted, inUse, type View } from "./view.ts";
import { allowances, clock, faults, markdown, narrowedBy, pins, plain, state, usage, usd } from "./words.ts";

export interface Status {
  text: string;
  /** Markdown. */
  tooltip: string;
  /** The command behind a click. */
  command: string;
  severity: "none" | "warning" | "error";
}

const SWITCH = "codexAccountManager.switchAccount";
const RESTART = "codexAccountManager.restart";

export function status(view: View, now: number): Status {
  switch (view.phase) {
    case "missing": {
      const tooltip = `${markdown(view.problem ?? "The program was not found")}\n\nClick to look again.`;
      return { text: "$(warning) Codex: not installed", tooltip, command: RESTART, severity: "warning" };
    }
    case "starting":
      return { text: "$(loading~spin) Codex", tooltip: "The sidecar starts.", command: SWITCH, severity: "none" };
    case "stopped": {
      const tooltip = "The sidecar is not running. Click to start it.";
      return { text: "$(error) Codex: stopped", tooltip, command: RESTART, severity: "error" };
    }
    case "running":
      return { ...narrowed(view, running(view, now)), tooltip: tooltip(view, now), command: SWITCH };
  }
}

/** With what the window may use behind it, where something narrows that. */
function narrowed({ accountSet }: View, shown: Pick<Status, "text" | "severity">): Pick<Status, "text" | "severity"> {
  return accountSet === undefined ? shown : { ...shown, text: `${shown.text} · ${plain(accountSet.name)}` };
}

function running(view: View, now: number): Pick<Status, "text" | "severity"> {
  if (view.accounts === undefined) {
    return { text: "$(loading~spin) Codex", severity: "none" };
  }
  if (view.accounts.length === 0) {
    return { text: "$(account) No account", severity: "warning" };
  }
  const usable = allowed(view);
  if (usable.length === 0) {
    return { text: "$(circle-slash) No account is allowed here", severity: "error" };
  }
  const none = exhausted(view);
  if (none !== undefined) {
    const allLocked = usable.every((account) => account.state === "locked");
    if (allLocked) {
      return { text: "$(lock) Accounts locked", severity: "error" };
    }
    const text = none.until === null ? "No account can serve" : `All accounts limited until ${clock(none.until, now)}`;
    return { text: `$(error) ${text}`, severity: "error" };
  }
  const used = inUse(view);
  if (used === undefined) {
    return { text: "$(account) Codex", severity: "none" };
  }
  const { account, instead } = used;
  const label = plain(account.label);
  if (instead !== undefined) {
    return { text: `${ICONS.ready} ${label} (${plain(instead.label)}: ${state(instead, now)})`, severity: "none" };
  }
  if (account.state === "ready") {
    return { text: `${ICONS.ready} ${label}`, severity: "none" };
  }
  return { text: `${ICONS[account.state]} ${label}: ${state(account, now)}`, severity: "warning" };
}

/** The codicon of each state. */
export const ICONS: Record<Account["state"], string> = {
  ready: "$(account)",
  notAllowed: "$(circle-slash)",
  disabled: "$(circle-slash)",
  locked: "$(lock)",
  needsLogin: "$(key)",
  overLimit: "$(credit-card)",
  rateLimited: "$(watch)",
  coolingDown: "$(watch)",
  circuitOpen: "$(debug-disconnect)",
};

function tooltip(view: View, now: number): string {
  const blocks: string[] = [];
  if (view.accountSet !== undefined) {
    const lines = [`This window may use **${markdown(view.accountSet.name)}** by ${markdown(narrowedBy(view.accountSet))}`];
    blocks.push([...lines, ...faults(view.accountSet).map(markdown)].join("  \n"));
  }
  const account = inUse(view)?.account;
  if (account !== undefined) {
    blocks.push(details(account, view, now));
  }
  const others = (view.accounts ?? []).filter((other) => other !== account);
  if (others.length > 0) {
    blocks.push(others.map((other) => `- ${markdown(other.label)}: ${markdown(standing(other, view, now))}`).join("\n"));
  }
  const { latest } = view;
  if (latest !== undefined) {
    const label = byId(view, latest.account)?.label ?? latest.account;
    const what = latest.model === undefined ? "a request" : markdown(latest.model);
    blocks.push(`Latest: ${what} → ${markdown(label)} (${markdown(latest.why.replaceAll("_", " "))})`);
  }
  if (view.session !== undefined) {
    blocks.push(`\`${view.session.proxy.baseUrl}\``);
  }
  return blocks.length === 0 ? "Codex Account Manager" : blocks.join("\n\n---\n\n");
}

/** `ready, pinned everywhere`. */
function standing(account: Account, view: View, now: number): string {
  return [state(account, now), ...pins(account, view.pins ?? [])].join(", ");
}

function details(account: Account, view: View, now: number): string {
  const lines = [`**${markdown(account.label)}**, ${markdown(standing(account, view, now))}`];
  if (account.usage !== undefined) {
    lines.push(`Today: ${markdown(usage(account.usage.today))}${spent(account.limits.dailyUsd)}`);
    lines.push(`This month: ${markdown(usage(account.usage.month))}${spent(account.limits.monthlyUsd)}`);
  }
  for (const [name, words] of allowances(account, now)) {
    lines.push(name === "credits" ? `Credits: ${markdown(words)}` : `Quota of ${markdown(name)}: ${words}`);
  }
  return lines.join("  \n");
}

function spent(limit: number | undefined): string {
  return limit === undefined ? "" : ` of ${markdown(usd(limit))}`;
}
