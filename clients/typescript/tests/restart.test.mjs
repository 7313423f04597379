// Crashes of the sidecar, and starts that fail.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { BinaryNotFoundError, CodexAccountManager, SidecarError } from "codex-account-manager";

import { errorOf, next, program, runs, SOON, started } from "./support.mjs";

test("a sidecar that crashes comes back with another key, and pending requests are rejected", async (t) => {
  const manager = await started(t, { restart: SOON });
  const before = manager.session;
  const crash = next(manager, "crash");
  const again = next(manager, "session");
  // It is stopped first, so that the request cannot be answered before it is killed.
  process.kill(before.session.pid, "SIGSTOP");
  const pending = errorOf(manager.request("accounts/list"));
  process.kill(before.session.pid, "SIGKILL");
  const error = await pending;
  assert.ok(error instanceof SidecarError);
  assert.equal(error.reason, "crashed");
  assert.match(error.message, /ended by SIGKILL/);
  assert.equal((await crash)[0], error);
  // Asked while there is none: this waits for the next.
  const { session } = await manager.request("status/read");
  const [after] = await again;
  assert.equal(session.pid, after.session.pid);
  assert.notEqual(after.session.pid, before.session.pid);
  assert.notEqual(after.proxy.apiKey, before.proxy.apiKey);
  assert.equal(manager.baseUrl, after.proxy.baseUrl);
});

test("one that crashes too often stays away, and every request says what to do", async (t) => {
  const manager = await started(t, { restart: { ...SOON, crashes: 3 } });
  const gaveUp = next(manager, "gaveUp");
  for (let crashes = 0; crashes < 3; crashes += 1) {
    const { session } = await manager.ready();
    const noticed = next(manager, crashes < 2 ? "crash" : "gaveUp");
    process.kill(session.pid, "SIGKILL");
    await noticed;
  }
  const [error] = await gaveUp;
  assert.equal(error.reason, "gaveUp");
  assert.match(error.message, /crashed 3 times.*run `codex-account-manager doctor`/);
  assert.equal(await errorOf(manager.request("accounts/list")), error);
});

test("one that must not be started again is not", async (t) => {
  const manager = await started(t, { restart: false });
  const gaveUp = next(manager, "gaveUp");
  process.kill(manager.session.session.pid, "SIGKILL");
  assert.match((await gaveUp)[0].message, /is not started again/);
});

test("a program that is nowhere is an error that names every place", async () => {
  const env = { ...process.env, CAM_BINARY: "", PATH: "/nowhere:/also-nowhere" };
  const error = await errorOf(CodexAccountManager.start({ env }));
  assert.ok(error instanceof BinaryNotFoundError);
  for (const said of [/option `binary`: not set/, /CAM_BINARY: not set/, /PATH: no .* in \/nowhere, \/also-nowhere/, /usual places: no .*\.cargo/, /hint: /]) {
    assert.match(error.message, said);
  }
  const named = await errorOf(CodexAccountManager.start({ binary: "/no/such/file" }));
  assert.match(named.message, /`\/no\/such\/file` is no program/);
  const variable = { ...process.env, CAM_BINARY: "/no/such/variable" };
  assert.match((await errorOf(CodexAccountManager.start({ env: variable }))).message, /CAM_BINARY: `\/no\/such\/variable`/);
});

test("a name is looked up on the path", async (t) => {
  const folder = program('exec "$REAL" "$@"').replace(/\/[^/]*$/, "");
  const env = { ...process.env, CAM_BINARY: "", REAL: process.env.CAM_BINARY, PATH: `${folder}:${process.env.PATH}` };
  const manager = await started(t, { env });
  assert.ok(manager.baseUrl);
});

test("a start that fails says why, and nothing is left of it", async () => {
  const onStderr = () => {};
  const ends = await errorOf(CodexAccountManager.start({ binary: program("echo no such thing >&2; exit 3"), onStderr }));
  assert.equal(ends.reason, "crashed");
  assert.match(ends.message, /ended with code 3; it last said:\n {2}no such thing/);
  const silent = program("echo $$ >&2; exec sleep 600");
  const pids = [];
  const options = { binary: silent, startTimeoutMs: 300, onStderr: (line) => pids.push(Number(line)) };
  const late = await errorOf(CodexAccountManager.start(options));
  assert.equal(late.reason, "timedOut");
  assert.match(late.message, /within 300 ms/);
  assert.deepEqual(pids.map(runs), [false]);
  const answer = '{"jsonrpc":"2.0","id":0,"result":{"capabilities":{}}}';
  const foreign = program(`printf 'Content-Length: ${answer.length}\\r\\n\\r\\n${answer}'; cat >/dev/null`);
  assert.equal((await errorOf(CodexAccountManager.start({ binary: foreign, onStderr }))).reason, "incompatible");
});

test("one whose stdout is closed has crashed for who asks, though its process lives on for a while", async (t) => {
  const session = '{"protocolVersion":1,"proxy":{"baseUrl":"http://127.0.0.1:9/v1"}}';
  const capabilities = `{"experimental":{"codexAccountManager":${session}}}`;
  const answer = `{"jsonrpc":"2.0","id":0,"result":{"capabilities":${capabilities}}}`;
  const binary = program(`printf 'Content-Length: ${answer.length}\\r\\n\\r\\n${answer}'; exec sleep 600 >&-`);
  const manager = await started(t, { binary, restart: false });
  const gaveUp = next(manager, "gaveUp");
  const cancel = new AbortController();
  const before = errorOf(manager.request("status/read", {}, { signal: cancel.signal }));
  // When the client sees it cannot be seen from outside: it does meanwhile.
  const asked = [];
  for (let turn = 0; turn < 10; turn += 1) {
    await sleep(50);
    asked.push(errorOf(manager.request("accounts/list")));
  }
  await manager.cancelProgress("1");
  cancel.abort();
  assert.equal((await before).name, "AbortError");
  const [end] = await gaveUp;
  const errors = await Promise.all(asked);
  assert.deepEqual(errors, errors.map(() => end.cause));
  assert.equal(end.cause.reason, "crashed");
});
