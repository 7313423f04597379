// Where the program is: the option, then CAM_BINARY, then PATH and the places where people install programs.

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import { resolve } from "node:path";

import { BinaryNotFoundError } from "./errors.js";
import { PROGRAM, type Surroundings, expanded, pathFolders, programAt, programIn, usualFolders } from "./places.js";

/** The path of the program; throws `BinaryNotFoundError` with every place that was searched. */
export function findBinary(option: string | undefined, environment: NodeJS.ProcessEnv): string {
  return search(option, { environment, platform: process.platform, home: homedir(), isProgram });
}

/** The same in other surroundings. */
export function search(option: string | undefined, surroundings: Surroundings): string {
  const looked: string[] = [];
  const { environment } = surroundings;
  // A place that was named and is wrong ends the search: another program than the one that was asked for would
  // surprise more than an error.
  for (const [source, named] of [
    ["the option `binary`", option],
    ["CAM_BINARY", environment["CAM_BINARY"]],
  ] as const) {
    if (!named) {
      looked.push(`${source}: not set`);
      continue;
    }
    const path = expanded(named, surroundings);
    const isPath = path !== named || /[\\/]/.test(named);
    const found = isPath
      ? programAt(surroundings.platform === process.platform ? resolve(path) : path, surroundings)
      : programIn(pathFolders(surroundings), named, surroundings);
    if (found !== undefined) return found;
    const meant = path === named ? "" : `, which is \`${path}\`,`;
    looked.push(`${source}: \`${named}\`${meant} is no program that can be run`, "PATH and other places: not searched");
    throw new BinaryNotFoundError(looked);
  }
  for (const [source, folders] of [
    ["PATH", pathFolders(surroundings)],
    ["usual places", usualFolders(surroundings)],
  ] as const) {
    const found = programIn(folders, PROGRAM, surroundings);
    if (found !== undefined) return found;
    looked.push(`${source}: no \`${PROGRAM}\` in ${folders.join(", ") || "any folder"}`);
  }
  throw new BinaryNotFoundError(looked);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
