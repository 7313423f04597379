// The two tools the model is offered. The sidecar makes their texts, so that every client says the same.

import { RequestError, type Account, type AccountSet, type CodexAccountManager, type Pin } from "codex-account-manager";

import type { Tool } from "./opencode.js";

export function tools(manager: CodexAccountManager): Record<string, Tool> {
  const command = async (name: string, args: unknown[], signal: AbortSignal | undefined): Promise<string> => {
    try {
      const params = { command: name, arguments: args };
      return (await manager.request("workspace/executeCommand", params, signal ? { signal } : {})) ?? "";
    } catch (error) {
      throw new Error(words(error), { cause: error });
    }
  };
  return {
    "openai-accounts": {
      description: "List the OpenAI accounts and how each stands: which one is active, rate limited, needs a new key or may not be used in this project.",
      args: {},
      execute: async (_, { abort }) => {
        const table = await command("openai-accounts", [], abort);
        // What it adds is no reason to have no table.
        const listed = await manager.request("accounts/list", {}, abort ? { signal: abort } : {}).catch(() => undefined);
        const more = listed ? [...narrowed(listed.accountSet), ...pinned(listed.accounts, listed.pins)] : [];
        return [table, ...more].join("\n");
      },
    },
    "openai-accounts-switch": {
      description: "Switch this session to another OpenAI account. Use it when the user asks for that.",
      args: {
        index: { type: "integer", minimum: 1, description: "The account's number, as `openai-accounts` lists it" },
      },
      execute: ({ index }, context) => command("openai-accounts-switch", [index], context.abort),
    },
  };
}

/** What this project may use and by which rule, and what has to be mended there. */
export function narrowed(set: AccountSet | undefined): string[] {
  if (set === undefined) return [];
  const by = set.narrowedBy.map(({ name }) => name).join(" and ");
  const what = set.accounts.length === 0 ? "no account" : set.name;
  const faults = set.narrowedBy.flatMap(({ name, fault }) => (fault === undefined ? [] : [`To mend: ${name}: ${fault}`]));
  return [`This project may use ${what}, by ${by}`, ...faults, ...set.warnings.map((warning) => `Warning: ${warning}`)];
}

/** A line for each switch by hand that is in force. */
export function pinned(accounts: readonly Account[], pins: readonly Pin[]): string[] {
  return pins.map(({ account, family, scope }) => {
    const { index, label } = accounts.find(({ id }) => id === account) ?? { index: "?", label: account };
    const what = family === undefined ? "" : ` for ${family}`;
    return `Pinned${what}: account ${index} (${label}), ${scope === "everywhere" ? "in every session" : "in this session"}`;
  });
}

/** What went wrong and what to do, in one text. */
export function words(error: unknown): string {
  if (error instanceof RequestError && error.hint !== "") return `${error.message}; ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
