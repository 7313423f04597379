// The VS Code extension as it is shipped, in a host with no editor: ends of sidecars that are slow. CAM_BINARY is the
// program, FOLDER an empty folder, and the argument says which end it is about: the extension is loaded once.

import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, load } from "./vscode_host.mjs";

const { CAM_BINARY, FOLDER } = process.env;

/** A shell script as the program. */
function program(name, script) {
  const path = `${FOLDER}/${name}`;
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function appears(file) {
  const late = Date.now() + 10_000;
  while (!existsSync(file)) {
    assert.ok(Date.now() < late, `no ${file}`);
    await sleep(10);
  }
  return readFileSync(file, "utf8").trim();
}

function runs(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** One that never answers. */
const silent = (pid) => `echo $$ >"${FOLDER}/new"; mv "${FOLDER}/new" "${pid}"; exec sleep 600`;

async function gone(pid) {
  const late = Date.now() + 5_000;
  while (runs(pid)) {
    assert.ok(Date.now() < late, "it still runs");
    await sleep(10);
  }
}

const ends = {
  // What starts is ended at once, and so is what was to start after it.
  async start() {
    const pid = `${FOLDER}/pid`;
    const host = load({ "codexAccountManager.binary": program("silent-first", silent(pid)) });
    const sidecar = Number(await appears(pid));
    const begin = Date.now();
    void host.run("codexAccountManager.restart");
    await host.close();
    assert.ok(Date.now() - begin < 3_000, "it waits for the start");
    await gone(sidecar);
    assert.deepEqual(host.shown.messages, [], "nothing has failed");
  },

  // As early as can be: there is no process yet, and there is none a moment later.
  async early() {
    const pid = `${FOLDER}/early`;
    const host = load({ "codexAccountManager.binary": program("silent-early", silent(pid)) });
    await eventually(host, "it starts", () => host.shown.output.some((line) => line.includes("Starting")));
    await host.close();
    await sleep(500);
    assert.ok(!existsSync(pid) || !runs(Number(readFileSync(pid, "utf8"))), "it was left behind");
  },

  // A changed setting does not wait for the program that hangs. An end takes the time it needs, and nobody waits for it.
  async slow() {
    const host = load({ "codexAccountManager.binary": program("silent-second", silent(`${FOLDER}/second`)) });
    const sidecar = Number(await appears(`${FOLDER}/second`));
    const begin = Date.now();
    const written = `${FOLDER}/written`;
    host.set({ "codexAccountManager.binary": program("slow", `"${CAM_BINARY}" "$@"; sleep 4; touch "${written}"`) });
    await eventually(host, "the other is up", () => host.api.session() !== undefined);
    assert.ok(Date.now() - begin < 8_000, "it waits for the first");
    await gone(sidecar);
    const end = Date.now();
    await host.close();
    assert.ok(Date.now() - end < 3_000, "it waits for the end");
    await appears(written);
  },
};

await ends[process.argv[2]]();
console.log("done");
