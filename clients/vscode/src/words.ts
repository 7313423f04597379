// How numbers, times and states read.

import { homedir } from "node:os";
import type { Account, AccountSet, AccountState, Credits, MeterWindow, PassedOver, Pin, QuotaWindow, Session, UsageTotals } from "../../typescript/src/protocol.ts";

const DAY = 24 * 60 * 60 * 1000;

/** `14:05` today, `Tue 14:05` within a week, else `3 Dec, 14:05`; local time. */
export function clock(at: number, now: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === new Date(now).toDateString()) {
    return time;
  }
  if (Math.abs(at - now) < 6 * DAY) {
    return `${date.toLocaleDateString("en-GB", { weekday: "short" })} ${time}`;
  }
  return `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** `999`, `1.2k`, `34k`, `5.6M`. */
export function count(number: number): string {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]] as const) {
    if (number >= size) {
      const value = number / size;
      return `${value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value)}${unit}`;
    }
  }
  return String(number);
}

/** `$0.12`; what is less than a cent and not nothing is `<$0.01`. */
export function usd(amount: number): string {
  return amount > 0 && amount < 0.01 ? "<$0.01" : `$${amount.toFixed(2)}`;
}

/** `12 requests · 36k tokens · $0.12`. */
export function usage(totals: UsageTotals): string {
  if (totals.requests === 0) {
    return "nothing yet";
  }
  const tokens = totals.inputTokens + totals.outputTokens;
  return [many(totals.requests, "request"), many(tokens, "token"), usd(totals.costUsd)].join(" · ");
}

/** `42 % used, resets 14:05`. Nothing is used up before all of it is. */
export function quota({ usedPercent, resetAt }: Pick<QuotaWindow, "usedPercent" | "resetAt">, now: number): string {
  return `${Math.floor(usedPercent)} % used, resets ${clock(resetAt, now)}`;
}

/** The window of a model's meter: `gpt-5.3-codex-spark 5h`. */
export function metered({ name, model, windowSeconds }: MeterWindow): string {
  const hours = Math.ceil(windowSeconds / 3600);
  const length = hours === 7 * 24 ? "week" : hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
  return `${model ?? name} ${length}`;
}

/** `940.5`, `unlimited`, `left` where the number is not known; undefined without any. */
export function credits({ hasCredits, unlimited, balance }: Credits): string | undefined {
  return unlimited ? "unlimited" : hasCredits ? (balance ?? "left") : undefined;
}

/** Every window of an account, the plan's and those of single models, and its credits, each with its name. */
export function allowances(account: Account, now: number): [name: string, words: string][] {
  const found: [string, string][] = account.quota.map((window) => [window.name, quota(window, now)]);
  found.push(...(account.meters ?? []).map((meter): [string, string] => [metered(meter), quota(meter, now)]));
  const left = account.credits && credits(account.credits);
  return left === undefined ? found : [...found, ["credits", left]];
}

/** `1 request`, `2 requests`, `3.4k requests`. */
export function many(number: number, thing: string): string {
  return `${count(number)} ${thing}${number === 1 ? "" : "s"}`;
}

const STATES: Record<AccountState, string> = {
  ready: "ready",
  notAllowed: "not allowed here",
  disabled: "disabled",
  locked: "locked",
  needsLogin: "needs login",
  overLimit: "over its limit",
  rateLimited: "rate-limited",
  coolingDown: "cooling down",
  circuitOpen: "not answering",
};

/** `ready`, `rate-limited until 14:05`. */
export function state(account: Account, now: number): string {
  const words = STATES[account.state];
  const until = account.availableAt;
  return account.state === "ready" || until === undefined ? words : `${words} until ${clock(until, now)}`;
}

/** `pinned`, `pinned everywhere`, `pinned for gpt-5.2`: what was switched to this account by hand. */
export function pins(account: Account, pins: readonly Pin[]): string[] {
  return pins
    .filter((pin) => pin.account === account.id)
    .map(({ family, scope }) => `pinned${scope === "everywhere" ? " everywhere" : ""}${family === undefined ? "" : ` for ${family}`}`);
}

/** What a switch everywhere did that does not reach these sessions, in the words of `codex-account-manager switch`. */
export function switchedBut({ index, label }: Account, passedOver: readonly PassedOver[], home = homedir()): string {
  const root = home.replace(/\/+$/, "");
  const isBelow = (folder: string): boolean => root !== "" && `${folder}/`.startsWith(`${root}/`);
  const below = (folder: string): string => (isBelow(folder) ? `~${folder.slice(root.length)}` : folder);
  const sessions = passedOver.map(({ program, folder, pid, rule }) => {
    const where = folder === undefined ? "" : ` in ${below(folder)}`;
    return `${program ?? `process ${pid}`}${where}${rule === "" ? "" : `, by ${rule}`}`;
  });
  const stays =
    sessions.length === 1
      ? "One session may not use it and stays"
      : `${sessions.length} sessions may not use it and stay`;
  return `Switched to account ${index} (${label}). ${stays}: ${sessions.join("; ")}`;
}

/** What narrows the accounts: `` rule 2 (`~/work/**`, config.toml:4) ``. */
export function narrowedBy(set: AccountSet): string {
  return set.narrowedBy.map(({ name }) => name).join(" and ");
}

/** What has to be mended before an account may be used, and what a person should know. */
export function faults(set: AccountSet): string[] {
  return [...set.narrowedBy.flatMap(({ name, fault }) => (fault === undefined ? [] : [`${name}: ${fault}`])), ...set.warnings];
}

/** `opencode · /home/me/app · process 7`. */
export function serves({ program, folder, pid }: Pick<Session, "program" | "folder" | "pid">): string {
  return [program, folder, `process ${pid}`].filter((word) => word !== undefined).join(" · ");
}

/** A label in a place where VS Code turns `$(name)` into an icon. */
export function plain(label: string): string {
  return label.replaceAll("$(", "\\$(");
}

/** A text in a notification, where VS Code makes a link, be it of a command, of `[…](…)` and knows no escape. */
export function unlinked(text: string): string {
  // A character that takes no room and that nothing is broken at.
  return text.replaceAll("](", "]\u2060(");
}

/** A text in Markdown, where other characters have a meaning too. */
export function markdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&$]/g, "\\$&");
}
