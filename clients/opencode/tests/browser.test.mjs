// Which programs open a page, by the system.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const outfile = join(mkdtempSync(join(tmpdir(), "cam-")), "browser.mjs");
await build({
  entryPoints: [fileURLToPath(new URL("../src/browser.ts", import.meta.url))],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
});
const { openers } = await import(pathToFileURL(outfile).href);

const programs = (platform, environment) => openers(platform, environment).map(([program]) => program);

test("windows opens a page by a program that the current folder cannot replace", () => {
  assert.deepEqual(openers("win32", { SystemRoot: "D:\\Win" }), [["D:\\Win\\System32\\rundll32.exe", "url.dll,FileProtocolHandler"]]);
  assert.deepEqual(programs("win32", {}), ["C:\\Windows\\System32\\rundll32.exe"]);
});

test("linux inside windows takes the browser of windows first", () => {
  assert.deepEqual(programs("linux", {}), ["xdg-open"]);
  assert.deepEqual(programs("linux", { WSL_DISTRO_NAME: "Debian" }).at(-1), "xdg-open");
  assert.deepEqual(programs("linux", { WSL_DISTRO_NAME: "Debian" })[0], "wslview");
  assert.deepEqual(programs("darwin", {}), ["open"]);
});
