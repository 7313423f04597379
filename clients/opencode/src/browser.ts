// The person's browser.

import { spawn } from "node:child_process";
import { win32 } from "node:path";

/** A program and the words before the address. */
type Opener = [program: string, ...words: string[]];

// `start` of cmd.exe would take the `&` of an address for its own.
const HANDLER = "url.dll,FileProtocolHandler";

/** Everything that may open a page on such a system, the best first. */
export function openers(platform: NodeJS.Platform, environment: NodeJS.ProcessEnv): Opener[] {
  if (platform === "darwin") return [["open"]];
  if (platform === "win32") {
    // By its whole path: a name alone is looked for in the current folder first, where somebody else may have put a program.
    const root = environment["SystemRoot"] || "C:\\Windows";
    return [[win32.join(root, "System32", "rundll32.exe"), HANDLER]];
  }
  // Linux inside Windows: the browser is the one of Windows.
  const isWsl = environment["WSL_DISTRO_NAME"] !== undefined || environment["WSL_INTEROP"] !== undefined;
  const ofWindows: Opener[] = [["wslview"], ["/mnt/c/Windows/System32/rundll32.exe", HANDLER]];
  return [...(isWsl ? ofWindows : []), ["xdg-open"]];
}

/** Asks the desktop to open a page. Where there is none the person opens it: OpenCode shows its address. */
export function openPage(url: string): void {
  begin(openers(process.platform, process.env), url);
}

/** Starts the first of them that is there. A browser needs no key of ours. */
function begin(openers: Opener[], url: string): void {
  const [opener, ...others] = openers;
  if (opener === undefined) return;
  const [program, ...words] = opener;
  const { CAM_MASTER_KEY: _, ...env } = process.env;
  const child = spawn(program, [...words, url], { stdio: "ignore", detached: true, env });
  child.on("error", () => begin(others, url));
  child.unref();
}
