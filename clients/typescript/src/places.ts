// Where the program is searched: PATH, then where people install programs. A program that a desktop started often has a
// PATH without these. The file system is an argument.

import { posix, win32 } from "node:path";

export const PROGRAM = "codex-account-manager";

/** Folders after those of PATH; `~` is the home. */
const UNIX = [
  "~/.cargo/bin",
  "~/.local/bin",
  "~/.npm-global/bin",
  "~/.nix-profile/bin",
  "~/.local/state/nix/profile/bin",
  "/nix/var/nix/profiles/default/bin",
  "/opt/homebrew/bin",
  "/usr/local/bin",
  "/home/linuxbrew/.linuxbrew/bin",
  "/snap/bin",
];
const WINDOWS = ["~\\.cargo\\bin", "~\\.local\\bin"];

export interface Surroundings {
  environment: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
  /** The home where the environment names none. */
  home: string | undefined;
  isProgram: (path: string) => boolean;
}

/** A path that a person wrote, with `~` as the home. The home of another person is not looked up. */
export function expanded(path: string, surroundings: Surroundings): string {
  if (path !== "~" && !path.startsWith("~/") && !(surroundings.platform === "win32" && path.startsWith("~\\"))) return path;
  const home = homeOf(surroundings);
  return home === undefined ? path : join(home, path.slice(1), surroundings);
}

/** The program at this path. On Windows only an `.exe` can be started without a shell. */
export function programAt(path: string, { platform, isProgram }: Surroundings): string | undefined {
  const file = platform === "win32" && !/\.exe$/i.test(path) ? `${path}.exe` : path;
  return isProgram(file) ? file : undefined;
}

/** The first program of that name in these folders. */
export function programIn(folders: readonly string[], name: string, surroundings: Surroundings): string | undefined {
  for (const folder of folders) {
    const found = programAt(join(folder, name, surroundings), surroundings);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The folders of PATH. Empty and relative ones are the folder that is open, and so what somebody else may have put there. */
export function pathFolders({ environment, platform }: Surroundings): string[] {
  const windows = platform === "win32";
  // Windows does not mind the case of a variable's name; the copy that Node makes of its environment does.
  const name = Object.keys(environment).find((name) => (windows ? name.toUpperCase() : name) === "PATH");
  const folders = (name === undefined ? "" : (environment[name] ?? "")).split(windows ? ";" : ":");
  // On Windows `\` is a folder of the current drive.
  return folders.filter((folder) => (windows ? /^(?:[a-z]:[\\/]|\\\\)/i : /^\//).test(folder));
}

/** The folders after those of PATH. */
export function usualFolders(surroundings: Surroundings): string[] {
  const folders = (surroundings.platform === "win32" ? WINDOWS : UNIX).map((folder) => expanded(folder, surroundings));
  return folders.filter((folder) => !folder.startsWith("~"));
}

function homeOf({ environment, platform, home }: Surroundings): string | undefined {
  return environment[platform === "win32" ? "USERPROFILE" : "HOME"] || home;
}

function join(folder: string, name: string, { platform }: Surroundings): string {
  return (platform === "win32" ? win32 : posix).join(folder, name);
}
