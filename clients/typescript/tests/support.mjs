// What the tests share. They want CAM_BINARY and a home of their own, which `tests/it/clients/typescript.rs` gives them.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CodexAccountManager } from "codex-account-manager";

/** A policy whose waits nobody notices. */
export const SOON = { firstDelayMs: 1, longestDelayMs: 4 };

/** A client that has started; it is ended with the test. */
export async function started(context, options) {
  const manager = made(context, options);
  await manager.start();
  return manager;
}

/** One that has not. */
export function made(context, options) {
  const manager = new CodexAccountManager(options);
  context.after(() => manager.stop());
  return manager;
}

/** A program that is no sidecar: a shell script. */
export function program(script) {
  const path = join(mkdtempSync(join(tmpdir(), "cam-")), "codex-account-manager");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** The next event of that name, as an array. */
export function next(manager, name) {
  return new Promise((resolve) => manager.once(name, (...words) => resolve(words)));
}

/** The error that `promise` rejects with. */
export async function errorOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it did not reject");
}

/** Whether there is such a process. */
export function runs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
