// Where the program is: the setting, then `CAM_BINARY`, then the program that came inside the extension, then `PATH` and the
// places where people install programs.

import { posix, win32 } from "node:path";

import { PROGRAM, type Surroundings as Places, expanded, pathFolders, programAt, programIn, usualFolders } from "../../typescript/src/places.ts";

export interface Surroundings extends Places {
  /** The value of `codexAccountManager.binary`; empty when it is not set. */
  setting: string;
  /** The program inside the extension; the extension for all platforms has none. */
  packaged: string | undefined;
}

export type Finding = { path: string } | { missing: string };

/** The program, or why there is none. What was named and is not there is an error, never a reason to take another. */
export function findBinary(surroundings: Surroundings): Finding {
  const { setting, environment } = surroundings;
  if (setting.trim() !== "") {
    return named(setting.trim(), "The setting `codexAccountManager.binary`", surroundings);
  }
  const variable = environment.CAM_BINARY?.trim() ?? "";
  if (variable !== "") {
    return named(variable, "The variable `CAM_BINARY`", surroundings);
  }
  if (surroundings.packaged !== undefined) return { path: surroundings.packaged };
  const path = [pathFolders(surroundings), usualFolders(surroundings)];
  const found = programIn(path.flat(), PROGRAM, surroundings);
  if (found !== undefined) return { path: found };
  const [inPath, others] = path.map((folders) => folders.join(", ") || "no folder");
  return { missing: `The program \`${PROGRAM}\` is not in PATH (${inPath}) nor where programs are usually installed (${others})` };
}

function named(given: string, who: string, surroundings: Surroundings): Finding {
  const path = expanded(given, surroundings);
  // Relative to what would depend on the folder that is open, and so on what somebody else put there.
  if (!(surroundings.platform === "win32" ? win32 : posix).isAbsolute(path)) {
    return { missing: `${who} is \`${given}\`, which is not an absolute path` };
  }
  const found = programAt(path, surroundings);
  if (found !== undefined) return { path: found };
  const meant = path === given ? "" : `, which is \`${path}\``;
  return { missing: `${who} is \`${given}\`${meant}, where there is no program` };
}
