// What npm puts on PATH: it becomes the program of the platform's package, whatever that does.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { behindLauncher, platformPackages } from "../dist/packaged.js";

const project = realpathSync(mkdtempSync(join(tmpdir(), "cam-launcher-")));
after(() => rmSync(project, { recursive: true }));
const modules = join(project, "node_modules");
const launcher = join(modules, "codex-account-manager/dist/launcher.js");
cpSync(new URL("../dist", import.meta.url), join(modules, "codex-account-manager/dist"), { recursive: true });
writeFileSync(join(modules, "codex-account-manager/package.json"), '{ "type": "module" }');
chmodSync(launcher, 0o755);
for (const name of ["cam", "codex-account-manager"]) symlinkSync(launcher, join(project, name));

const folder = join(modules, `codex-account-manager-${process.platform}-${process.arch}`);
const program = join(folder, "bin/codex-account-manager");

/** A platform package whose program is this script. */
function install(script) {
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(program, `#!/bin/bash\n${script}\n`, { mode: 0o755 });
}

test("without a package of this platform it says what to do", () => {
  rmSync(folder, { recursive: true, force: true });
  const { status, stderr } = spawnSync(join(project, "cam"), { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /the npm package `codex-account-manager-\w+-\w+(-musl)?` .* is not installed\nhint: .*--omit=optional/);
  assert.equal(behindLauncher(join(project, "cam")), join(project, "cam"));
});

test("the program gets the words, the streams and the environment, and its exit code is the launcher's", () => {
  install('cat; printf "<%s>" "$@" "$GIVEN"; exit 42');
  const given = { encoding: "utf8", input: "typed ", env: { ...process.env, GIVEN: "so" } };
  const { status, stdout } = spawnSync(join(project, "codex-account-manager"), ["a b", "", "$c"], given);
  assert.deepEqual([status, stdout], [42, "typed <a b><><$c><so>"]);
});

test("the program is found behind the launcher, so that a client starts no second process", () => {
  install("true");
  assert.equal(behindLauncher(join(project, "cam")), program);
  assert.equal(behindLauncher(program), program);
});

test("a program that a signal ended ends the launcher by the same", () => {
  install("kill -KILL $$");
  assert.equal(spawnSync(join(project, "cam")).signal, "SIGKILL");
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
  test(`${signal} reaches the program, and its answer counts`, async () => {
    install(`trap 'echo got; exit 7' ${signal.slice(3)}; echo ready; for _ in {1..400}; do sleep 0.05; done`);
    const child = spawn(join(project, "cam"), { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      if (said === "") child.kill(signal);
      said += text;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.deepEqual([code, said], [7, "ready\ngot\n"]);
  });
}

test("on Linux the package for its C library is the first", () => {
  const has = (path) => path === "/lib64/ld-linux-x86-64.so.2";
  const [glibc, musl] = ["codex-account-manager-linux-x64", "codex-account-manager-linux-x64-musl"];
  assert.deepEqual(platformPackages("linux", "x64", has), [glibc, musl]);
  assert.deepEqual(platformPackages("linux", "x64", () => false), [musl, glibc]);
  assert.deepEqual(platformPackages("win32", "arm64", has), ["codex-account-manager-win32-arm64"]);
});
