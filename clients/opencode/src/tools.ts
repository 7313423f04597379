// The two tools the model is offered. The sidecar makes their texts, so that every client says the same.

import { RequestError, type CodexAccountManager } from "codex-account-manager";

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
      description: "List the OpenAI accounts and how each stands: which one is active, rate limited or needs a new key.",
      args: {},
      execute: (_, context) => command("openai-accounts", [], context.abort),
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

/** What went wrong and what to do, in one text. */
export function words(error: unknown): string {
  if (error instanceof RequestError && error.hint !== "") return `${error.message}; ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}
