// OpenCode's log. Nothing is ever printed: the terminal belongs to its screen, and stdout to what `run` answers.

import type { LogEntry, OpenCodeClient } from "./opencode.js";

export type Log = (level: LogEntry["level"], message: string) => void;

/** Writes to OpenCode's log and never waits for it: during init nobody answers yet. */
export function logTo(client: OpenCodeClient): Log {
  return (level, message) => {
    void attempt(() => client.app.log({ body: { service: "codex-account-manager", level, message } }));
  };
}

/** Calls OpenCode; what it does with that is its own matter. */
export async function attempt(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch {
    // A log or a toast that fails must not take a request with it, and there is no other place to say so.
  }
}
