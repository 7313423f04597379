// Where the program is: the setting, then `CAM_BINARY`, then `PATH`. The file system is an argument.

import { posix, win32 } from "node:path";

export const PROGRAM = "codex-account-manager";

export interface Surroundings {
  /** The value of `codexAccountManager.binary`; empty when it is not set. */
  setting: string;
  environment: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  home: string;
  isProgram: (path: string) => boolean;
}

export type Finding = { path: string } | { missing: string };

/** The program, or why there is none. What was named and is not there is an error, never a reason to take another. */
export function findBinary(surroundings: Surroundings): Finding {
  const { setting, environment, isProgram } = surroundings;
  if (setting.trim() !== "") {
    return named(setting.trim(), "The setting `codexAccountManager.binary`", surroundings);
  }
  const variable = environment.CAM_BINARY?.trim() ?? "";
  if (variable !== "") {
    return named(variable, "The variable `CAM_BINARY`", surroundings);
  }
  const path = candidates(surroundings).find(isProgram);
  return path === undefined ? { missing: `The program \`${PROGRAM}\` is not in PATH` } : { path };
}

function named(given: string, who: string, { platform, home, isProgram }: Surroundings): Finding {
  const { isAbsolute, join } = platform === "win32" ? win32 : posix;
  const path = /^~[/\\]/.test(given) ? join(home, given.slice(2)) : given;
  // Relative to what would depend on the folder that is open, and so on what somebody else put there.
  if (!isAbsolute(path)) {
    return { missing: `${who} is \`${given}\`, which is not an absolute path` };
  }
  return isProgram(path) ? { path } : { missing: `${who} is \`${given}\`, where there is no program` };
}

function candidates({ environment, platform }: Surroundings): string[] {
  const windows = platform === "win32";
  const { delimiter, isAbsolute, join } = windows ? win32 : posix;
  // Windows does not mind the case of a variable's name; the copy that Node makes of its environment does.
  const name = Object.keys(environment).find((name) => (windows ? name.toUpperCase() : name) === "PATH");
  const folders = (name === undefined ? "" : (environment[name] ?? "")).split(delimiter);
  const file = windows ? `${PROGRAM}.exe` : PROGRAM;
  return folders.filter((folder) => isAbsolute(folder)).map((folder) => join(folder, file));
}
