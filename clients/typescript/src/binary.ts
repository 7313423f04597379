// Where the program is: the option, then CAM_BINARY, then the package that npm installed beside this one, then PATH and the
// places where people install programs.

import { homedir } from "node:os";
import { resolve } from "node:path";

import { BinaryNotFoundError } from "./errors.js";
import { behindLauncher, isProgram, ownPackages, packagedProgram } from "./packaged.js";
import { PROGRAM, type Surroundings, expanded, pathFolders, programAt, programIn, usualFolders } from "./places.js";

/** The path of the program; throws `BinaryNotFoundError` with every place that was searched. */
export function findBinary(option: string | undefined, environment: NodeJS.ProcessEnv): string {
  const packaged = packagedProgram(import.meta.url);
  return behindLauncher(search(option, { environment, platform: process.platform, home: homedir(), isProgram, packaged }));
}

/** What npm installed. */
interface Packaged {
  /** The program of the platform's package. */
  packaged: string | undefined;
}

/** The same in other surroundings. */
export function search(option: string | undefined, surroundings: Surroundings & Packaged): string {
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
    looked.push(`${source}: \`${named}\`${meant} is no program that can be run`, "npm, PATH and other places: not searched");
    throw new BinaryNotFoundError(looked);
  }
  if (surroundings.packaged !== undefined) return surroundings.packaged;
  looked.push(`npm: no package \`${ownPackages().join("` or `")}\` is installed beside this one`);
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
