// The end: clean, by force, and more than once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CodexAccountManager } from "codex-account-manager";

import { errorOf, next, program, runs, SOON } from "./support.mjs";

test("it ends once, however often it is asked to", async () => {
  const manager = await CodexAccountManager.start();
  const { pid } = manager.session.session;
  await Promise.all([manager.stop(), manager.stop()]);
  await manager.stop();
  assert.equal(runs(pid), false);
  assert.equal((await errorOf(manager.request("accounts/list"))).reason, "stopped");
  assert.equal((await errorOf(manager.ready())).reason, "stopped");
});

test("one that never started ends as well, and asking it says so", async () => {
  const manager = new CodexAccountManager();
  assert.equal((await errorOf(manager.request("accounts/list"))).reason, "notStarted");
  assert.throws(() => manager.baseUrl, { reason: "notStarted" });
  await manager.stop();
  assert.equal((await errorOf(manager.start())).reason, "stopped");
});

test("one that starts is ended too", async () => {
  const pids = [];
  const binary = program("echo $$ >&2; exec sleep 600");
  let report;
  const runsNow = new Promise((resolve) => (report = resolve));
  const manager = new CodexAccountManager({
    binary,
    onStderr: (line) => {
      pids.push(Number(line));
      report();
    },
  });
  const start = errorOf(manager.start());
  await runsNow;
  await manager.stop();
  assert.equal((await start).reason, "stopped");
  assert.deepEqual(pids.map(runs), [false]);
});

test("one that hangs is ended by force, and requests in flight are rejected", async () => {
  const manager = await CodexAccountManager.start({ stopTimeoutMs: 100 });
  const { pid } = manager.session.session;
  process.kill(pid, "SIGSTOP");
  const pending = errorOf(manager.request("accounts/list"));
  await manager.stop();
  assert.equal(runs(pid), false);
  assert.equal((await pending).reason, "stopped");
});

test("the end has all the time that a sidecar may take for it", async (context) => {
  const manager = await CodexAccountManager.start();
  const timers = context.mock.method(globalThis, "setTimeout").mock;
  await manager.stop();
  assert.equal(Math.max(...timers.calls.map(({ arguments: [, milliseconds] }) => milliseconds)), 12_000);
});

test("an end during a wait for a restart starts nothing", async () => {
  const manager = await CodexAccountManager.start({ restart: { ...SOON, firstDelayMs: 600_000, longestDelayMs: 600_000 } });
  const crash = next(manager, "crash");
  process.kill(manager.session.session.pid, "SIGKILL");
  await crash;
  const waiting = errorOf(manager.request("accounts/list"));
  await manager.stop();
  assert.equal((await waiting).reason, "stopped");
});
