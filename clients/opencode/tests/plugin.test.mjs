// The plugin's hooks with sidecars that are slow. They want CAM_BINARY and a home of their own, which
// `tests/it/clients/opencode.rs` gives them.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import plugin from "../dist/index.js";

const folder = mkdtempSync(join(tmpdir(), "cam-"));

/** The plugin with a shell script as its program. */
async function plugged(script) {
  const binary = join(mkdtempSync(join(folder, "program-")), "codex-account-manager");
  writeFileSync(binary, `#!/bin/sh\n${script}\n`);
  chmodSync(binary, 0o755);
  const [logged, toasts] = [[], []];
  const client = {
    tui: { showToast: async ({ body }) => void toasts.push(body.message) },
    app: { log: async ({ body }) => void logged.push(body.message) },
  };
  const hooks = await plugin.server({ client, directory: folder }, { binary });
  assert.deepEqual(logged, []);
  return { hooks, logged, toasts };
}

test("OpenCode waits three seconds for the end, and the sidecar takes the time it needs", async () => {
  const written = join(folder, "written");
  const { hooks } = await plugged(`"$CAM_BINARY" "$@"; exec >&-; sleep 4; touch "${written}"`);
  const begin = Date.now();
  await hooks.dispose();
  assert.ok(Date.now() - begin < 4_000, "it waits too long");
  while (!existsSync(written)) {
    assert.ok(Date.now() - begin < 15_000, "it was ended by force");
    await sleep(20);
  }
});

test("a request that is cancelled while the sidecar restarts is left at once", async () => {
  const [pid, hangs] = [join(folder, "pid"), join(folder, "hangs")];
  const { hooks, logged } = await plugged(
    `if [ -e "${hangs}" ]; then exec sleep 600; fi; echo $$ >"${pid}"; exec "$CAM_BINARY" "$@"`,
  );
  const config = {};
  await hooks.config(config);
  const { fetch: proxied } = config.provider.openai.options;
  writeFileSync(hangs, "");
  process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
  while (!logged.some((line) => line.includes("started again"))) await sleep(5);
  const begin = Date.now();
  const url = "https://api.openai.com/v1/models";
  const cancelled = () => AbortSignal.timeout(50);
  await assert.rejects(proxied(url, { signal: cancelled() }), { name: "TimeoutError" });
  await assert.rejects(proxied(new Request(url, { signal: cancelled() })), { name: "TimeoutError" });
  assert.ok(Date.now() - begin < 3_000, "it waits for the restart");
  await hooks.dispose();
});

test("a login whose sidecar ends has failed, and the next one begins", async () => {
  const pid = join(folder, "pid of a login");
  const { hooks, toasts } = await plugged(`echo $$ >"${pid}"; exec "$CAM_BINARY" "$@"`);
  const [browser] = hooks.auth.methods;
  const login = await browser.authorize({});
  assert.match(login.url, /\/oauth\/authorize\?/);
  assert.match(login.instructions, /^Log in on the page/);
  process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL");
  const ended = /^the sidecar was ended by SIGKILL/;
  await assert.rejects(login.callback(), { message: ended });
  assert.match(toasts[0], ended);
  const next = await browser.authorize({});
  // OpenCode ends while it waits: nothing keeps it.
  await hooks.dispose();
  await assert.rejects(next.callback());
});

test("of the end of a login that was left for another nobody hears", async () => {
  const { hooks, toasts } = await plugged(`exec "$CAM_BINARY" "$@"`);
  const [browser] = hooks.auth.methods;
  toasts.length = 0;
  const first = await browser.authorize({});
  const second = await browser.authorize({});
  await assert.rejects(first.callback(), { message: /^the login was cancelled/ });
  assert.deepEqual(toasts, []);
  await hooks.dispose();
  await assert.rejects(second.callback());
});
