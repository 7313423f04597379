// Listeners that throw: an exception of their owner's, which changes nothing of what the client does.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

import { runs } from "./support.mjs";

const client = new URL("../dist/index.js", import.meta.url).href;

/** Runs a program of its own, which may have uncaught exceptions; its stdout. */
async function program(text) {
  const head = `
    import { CodexAccountManager } from ${JSON.stringify(client)};
    const uncaught = [];
    process.on("uncaughtException", (error) => uncaught.push(error.message));
    const bad = (word) => () => { throw new Error(word); };
    const next = (manager, name) => new Promise((resolve) => manager.once(name, resolve));
    const kill = (manager) => process.kill(manager.session.session.pid, "SIGKILL");
    const restart = { firstDelayMs: 1, longestDelayMs: 4, crashes: 2 };
  `;
  const args = ["--input-type=module", "--eval", head + text];
  // A sidecar that is left behind keeps the program alive.
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000, killSignal: "SIGKILL" });
  return JSON.parse(stdout);
}

test("a session listener that throws keeps neither the start nor the end from happening", async () => {
  const result = await program(`
    const manager = new CodexAccountManager();
    const other = next(manager.on("session", bad("mine")), "session");
    const { session } = await manager.start();
    await other;
    await manager.stop();
    console.log(JSON.stringify({ pid: session.pid, uncaught }));
  `);
  assert.deepEqual(result.uncaught, ["mine"]);
  assert.equal(runs(result.pid), false);
});

test("listeners that throw are no crash, and do not end the restarts", async () => {
  const result = await program(`
    const manager = await CodexAccountManager.start({ restart });
    manager.on("session", bad("session")).on("crash", bad("crash")).on("gaveUp", bad("gaveUp"));
    let crashes = 0;
    manager.on("crash", () => crashes++);
    const gaveUp = next(manager, "gaveUp");
    const session = next(manager, "session");
    kill(manager);
    await session;
    kill(manager);
    const { reason } = await gaveUp;
    await manager.stop();
    console.log(JSON.stringify({ crashes, reason, uncaught }));
  `);
  assert.deepEqual(result, { crashes: 1, reason: "gaveUp", uncaught: ["crash", "session", "gaveUp"] });
});

test("a listener of a notification that throws is reported, and the next one is called", async () => {
  const result = await program(`
    const manager = new CodexAccountManager();
    manager.onNotification("proxy/ready", bad("mine"));
    const ready = new Promise((resolve) => manager.onNotification("proxy/ready", () => resolve(true)));
    await manager.start();
    const called = await Promise.race([ready, new Promise((resolve) => setTimeout(resolve, 2_000, false).unref())]);
    await manager.stop();
    console.log(JSON.stringify({ called, uncaught }));
  `);
  assert.deepEqual(result, { called: true, uncaught: ["mine"] });
});
