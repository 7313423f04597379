// What the quick pick offers.

import type { Account } from "../../typescript/src/protocol.ts";
import { allowed, canLogInAgain, inUse, type View } from "./view.ts";
import { allowances, pins, plain, state, usage } from "./words.ts";

/** What a chosen item does. */
export type Choice = { switchTo: string | null } | { logInAgain: string } | { run: "addKey" | "login" };

export interface Pick {
  label: string;
  description?: string;
  detail?: string;
  /** Absent for a line between groups. */
  choice?: Choice;
}

/** Every account, then "let it choose", then how to have more of them. */
export function picks(view: View, now: number): Pick[] {
  const accounts = view.accounts ?? [];
  const more: Pick[] = [
    { label: "$(add) Add an API key…", choice: { run: "addKey" } },
    { label: "$(sign-in) Log in with ChatGPT…", choice: { run: "login" } },
  ];
  if (accounts.length === 0) {
    return more;
  }
  const choose: Pick = {
    label: "$(sparkle) Let it choose",
    description: "remove the pin that a switch made",
    choice: { switchTo: null },
  };
  const usable = allowed(view);
  const outside = accounts.filter((account) => !usable.includes(account));
  const shown = (some: readonly Account[]) => some.map((account) => ofAccount(account, view, now));
  // To choose one of these says why not.
  const below = outside.length === 0 ? [] : [{ label: "not allowed here" }, ...shown(outside)];
  return [...shown(usable), ...below, { label: "" }, choose, { label: "" }, ...more];
}

function ofAccount(account: Account, view: View, now: number): Pick {
  const used = inUse(view)?.account === account;
  const icon = used ? "$(check)" : account.state === "ready" ? "$(account)" : "$(circle-slash)";
  const words = [`${account.index}`, ...(used ? ["in use"] : []), ...pins(account, view.pins ?? []), state(account, now)];
  const pick: Pick = {
    label: `${icon} ${plain(account.label)}`,
    description: words.join(" · "),
    choice: canLogInAgain(account) ? { logInAgain: account.id } : { switchTo: account.id },
  };
  const details = allowances(account, now).map(([name, words]) => `${name}: ${words}`);
  if (account.usage !== undefined) {
    details.push(`Today: ${usage(account.usage.today)}`, `This month: ${usage(account.usage.month)}`);
  }
  if (canLogInAgain(account)) {
    details.unshift("Choose it to log in again");
  }
  if (account.state === "notAllowed" && account.reason !== undefined) {
    details.unshift(plain(account.reason));
  }
  if (details.length > 0) {
    pick.detail = details.join(". ");
  }
  return pick;
}
