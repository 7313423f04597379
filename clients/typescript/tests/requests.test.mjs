// Requests, notifications and errors, with the real sidecar.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { CodexAccountManager, ERROR_CODES, RequestError } from "codex-account-manager";

import { errorOf, made, next, program, started } from "./support.mjs";

test("a first use is five lines", async () => {
  const manager = await CodexAccountManager.start();
  const { accounts } = await manager.request("accounts/list");
  assert.deepEqual(accounts, []);
  assert.equal(manager.session.session.startAccount, null);
  await manager.stop();
});

test("the session says where the proxy is, and a notification of it has no key", async (t) => {
  const manager = made(t);
  const notified = new Promise((resolve) => manager.onNotification("proxy/ready", resolve));
  const [[session]] = await Promise.all([next(manager, "session"), manager.start()]);
  assert.equal(session, manager.session);
  assert.equal(manager.baseUrl, session.proxy.baseUrl);
  assert.equal((await notified).proxy.baseUrl, manager.baseUrl);
  assert.equal((await notified).proxy.apiKey, undefined);
  const headers = { authorization: `Bearer ${manager.apiKey}` };
  assert.equal((await fetch(`${manager.baseUrl}/models`, { headers })).status, 503);
  assert.equal((await fetch(`${manager.baseUrl}/models`)).status, 401);
});

test("a refusal is an error with its kind and what to do", async (t) => {
  const manager = await started(t);
  const error = await errorOf(manager.request("accounts/read", { account: "nobody" }));
  assert.ok(error instanceof RequestError);
  const { code, kind, retryable, method } = error;
  const expected = { code: ERROR_CODES.accountNotFound, kind: "accountNotFound", retryable: false };
  assert.deepEqual({ code, kind, retryable, method }, { ...expected, method: "accounts/read" });
  assert.match(error.hint, /add a key with/);
  const wrong = await errorOf(manager.request("accounts/read", { nobody: 1 }));
  assert.deepEqual([wrong.code, wrong.kind], [-32602, "invalidParams"]);
  const unknown = await errorOf(manager.request("accounts/write", {}));
  assert.deepEqual([unknown.code, unknown.kind], [-32601, "methodNotFound"]);
});

test("options reach the sidecar, and its words come back", async (t) => {
  const lines = [];
  const binary = program('echo a word aside >&2; exec "$CAM_BINARY" "$@"');
  const initializationOptions = { "routing.strategy": "hybrid", "notifications.colour": 1 };
  const manager = made(t, { binary, initializationOptions, onStderr: (line) => lines.push(line) });
  const message = next(manager, "message");
  await manager.start();
  assert.equal((await manager.request("status/read")).strategy, "hybrid");
  const [{ level, text }] = await message;
  assert.equal(level, "warning");
  assert.match(text, /notifications\.colour/);
  assert.deepEqual(lines, ["a word aside"]);
});

test("the sidecar is notified of a request that is cancelled", async (t) => {
  const copy = join(mkdtempSync(join(tmpdir(), "cam-")), "stdin");
  const binary = program(`tee "${copy}" | "$CAM_BINARY" "$@"`);
  const manager = await started(t, { binary });
  const { pid } = manager.session.session;
  const cancel = new AbortController();
  // It cannot answer before it is notified.
  process.kill(pid, "SIGSTOP");
  const refused = errorOf(manager.request("accounts/list", {}, { signal: cancel.signal }));
  // A moment for the request itself to be asked: what is cancelled before is never sent.
  await new Promise(setImmediate);
  cancel.abort();
  assert.equal((await refused).name, "AbortError");
  assert.equal((await errorOf(manager.request("accounts/list", {}, { signal: cancel.signal }))).name, "AbortError");
  process.kill(pid, "SIGCONT");
  await manager.request("status/read");
  assert.match(readFileSync(copy, "utf8"), /"method":"\$\/cancelRequest"/);
});

test("a listener that is disposed hears no more", async (t) => {
  const manager = await started(t);
  const received = [];
  const gone = manager.onNotification("accounts/didChange", () => received.push("gone"));
  manager.onNotification("accounts/didChange", () => received.push("there"));
  gone[Symbol.dispose]();
  const changed = new Promise((resolve) => manager.onNotification("accounts/didChange", resolve));
  const added = await manager.request("accounts/add", { label: "work", apiKey: "sk-not-a-real-key-0123456789" });
  await changed;
  assert.deepEqual(received, ["there"]);
  await manager.request("accounts/remove", { account: added.id });
});
