// The program that npm installed: each platform has a package of its own with it, an optional dependency of this one.

import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

import { PROGRAM } from "./places.js";

/** The file of `launcher.ts`. */
const LAUNCHER = "launcher.js";

/** What a Linux program for glibc is loaded by. One for musl needs no loader, and runs everywhere. */
const GLIBC_LOADERS: Readonly<Record<string, string>> = {
  x64: "/lib64/ld-linux-x86-64.so.2",
  arm64: "/lib/ld-linux-aarch64.so.1",
};

/** The packages that can have a program for this machine, the best first. Some installers bring both of Linux. */
export function platformPackages(platform: string, arch: string, exists: (path: string) => boolean): string[] {
  const name = `${PROGRAM}-${platform}-${arch}`;
  if (platform !== "linux") return [name];
  const loader = GLIBC_LOADERS[arch];
  return loader !== undefined && exists(loader) ? [name, `${name}-musl`] : [`${name}-musl`, name];
}

/** The packages of this machine. */
export function ownPackages(): string[] {
  return platformPackages(process.platform, process.arch, existsSync);
}

/** The program that the module at `from`, a path or a `file:` URL, finds in a package of this machine. */
export function packagedProgram(from: string): string | undefined {
  const { resolve } = createRequire(from);
  const file = process.platform === "win32" ? `${PROGRAM}.exe` : PROGRAM;
  for (const name of ownPackages()) {
    try {
      const path = join(dirname(resolve(`${name}/package.json`)), "bin", file);
      if (isProgram(path)) return path;
    } catch {
      // It is not installed.
    }
  }
  return undefined;
}

/** The program that the launcher at `path` starts; any other path as it is. A client needs no second process in between. */
export function behindLauncher(path: string): string {
  const file = realpathSync(path);
  return basename(file) === LAUNCHER ? (packagedProgram(file) ?? path) : path;
}

/** Whether there is a file that can be run. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
