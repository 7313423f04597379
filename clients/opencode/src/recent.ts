// What the person chose in OpenCode's screen, which keeps it in a file of its own.

import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Whether a model was chosen before: OpenCode begins with the last one. A model in the configuration would win over it. */
export async function hasChosen(environment: NodeJS.ProcessEnv): Promise<boolean> {
  const state = environment["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  try {
    const { recent } = JSON.parse(await readFile(join(state, "opencode", "model.json"), "utf8")) as { recent?: unknown };
    return Array.isArray(recent) && recent.length > 0;
  } catch {
    return false;
  }
}
