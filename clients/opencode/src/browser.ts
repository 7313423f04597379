// The person's browser.

import { spawn } from "node:child_process";

const OPENERS: Partial<Record<NodeJS.Platform, string[]>> = {
  darwin: ["open"],
  // `start` of cmd.exe would take the `&` of an address for its own.
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** Asks the desktop to open a page. Where there is none the person opens it: OpenCode shows its address. */
export function openPage(url: string): void {
  const [program = "xdg-open", ...words] = OPENERS[process.platform] ?? ["xdg-open"];
  const opener = spawn(program, [...words, url], { stdio: "ignore", detached: true });
  opener.on("error", () => {});
  opener.unref();
}
