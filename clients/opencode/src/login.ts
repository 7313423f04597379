// `opencode auth login` and `/connect`: a key that is added there goes to the accounts file, sealed, and to no other
// place.
//
// OpenCode has two kinds of methods. One of kind `api` always writes the key to OpenCode's own auth.json and never
// shows it to the plugin. One of kind `oauth` asks what the plugin wants to know, and stores only what its callback
// hands over: this one hands over nothing. Its price is that the key can be seen while it is typed.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Account, CodexAccountManager } from "codex-account-manager";

import type { AuthHook, Authorization, Prompt } from "./opencode.js";
import { words } from "./tools.js";

/** How long `reset` may take. */
const RESET_MS = 15_000;

/** The accounts as the prompts know them: OpenCode asks for prompts and does not wait. */
export class KnownAccounts {
  count = 0;

  /** Reads them anew. */
  async refresh(manager: CodexAccountManager, signal?: AbortSignal): Promise<readonly Account[]> {
    const { accounts } = await manager.request("accounts/list", {}, signal ? { signal } : {});
    this.count = accounts.length;
    return accounts;
  }
}

export function login(manager: CodexAccountManager, known: KnownAccounts, binary: string): AuthHook {
  return {
    provider: "openai",
    methods: [
      {
        type: "oauth",
        label: "API key",
        // As often as somebody asks: accounts come and go.
        get prompts() {
          return prompts(known);
        },
        authorize: async (inputs = {}) => {
          const { start, label = "", key = "" } = inputs;
          let moved = "";
          try {
            if (start === "fresh") {
              const { stdout } = await promisify(execFile)(binary, ["reset", "--yes"], { timeout: RESET_MS });
              moved = `${stdout.trim()}. `;
            }
            const added = await manager.request("accounts/add", { label: label.trim(), apiKey: key.trim() });
            return done(`${moved}Added account ${added.index} (${added.label})`);
          } catch (error) {
            throw new Error(moved + words(error), { cause: error });
          }
        },
      },
    ],
  };
}

function prompts(known: KnownAccounts): Prompt[] {
  const start: Prompt = {
    type: "select",
    key: "start",
    message: known.count === 1 ? "There is one account" : `There are ${known.count} accounts`,
    options: [
      { label: "Add another", value: "add" },
      { label: "Start fresh", value: "fresh", hint: "moves the accounts file aside; nothing is deleted" },
    ],
  };
  const label: Prompt = {
    type: "text",
    key: "label",
    message: "What is the account called?",
    placeholder: "work",
    validate: (text) => (/^\d*$/.test(text.trim()) ? "It needs a name that is not a number" : undefined),
  };
  const key: Prompt = {
    type: "text",
    key: "key",
    message: "Its API key (shown while you type; `codex-account-manager add` hides it)",
    placeholder: "sk-…",
    validate: (text) => (text.trim() === "" ? "It needs a key" : undefined),
  };
  return known.count === 0 ? [label, key] : [start, label, key];
}

/** Success with neither a token nor a key in it: OpenCode stores nothing. */
function done(instructions: string): Authorization {
  return { url: "", instructions, method: "auto", callback: async () => ({ type: "success" }) };
}
