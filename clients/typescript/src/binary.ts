// Where the program is: the option, then CAM_BINARY, then PATH.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

import { BinaryNotFoundError } from "./errors.js";

const NAME = "codex-account-manager";

/** The path of the program; throws `BinaryNotFoundError` with every place that was looked at. */
export function findBinary(option: string | undefined, environment: NodeJS.ProcessEnv): string {
  const looked: string[] = [];
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
    const found = /[\\/]/.test(named) ? executable(resolve(named)) : onPath(named, environment);
    if (found) return found;
    looked.push(`${source}: \`${named}\` is no program that can be run`, "PATH: not looked at");
    throw new BinaryNotFoundError(looked);
  }
  const found = onPath(NAME, environment);
  if (found) return found;
  looked.push(`PATH: no \`${NAME}\` in its ${folders(environment).length} folders`);
  throw new BinaryNotFoundError(looked);
}

function onPath(name: string, environment: NodeJS.ProcessEnv): string | undefined {
  for (const folder of folders(environment)) {
    const found = executable(join(folder, name));
    if (found) return found;
  }
  return undefined;
}

function folders(environment: NodeJS.ProcessEnv): string[] {
  // Windows calls it `Path` as often as not.
  const name = Object.keys(environment).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return (environment[name] ?? "").split(delimiter).filter((folder) => folder !== "");
}

function executable(path: string): string | undefined {
  const names = process.platform === "win32" ? [path, `${path}.exe`] : [path];
  return names.find((name) => {
    try {
      accessSync(name, constants.X_OK);
      return statSync(name).isFile();
    } catch {
      return false;
    }
  });
}
