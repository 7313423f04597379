#!/usr/bin/env node
// `codex-account-manager` and `cam` of who installed the npm package: it finds the program of this platform and becomes it,
// or, where Node.js cannot, starts it and passes signals and its end on. It imports no more than that takes.

import { spawn } from "node:child_process";
import { basename } from "node:path";
import { isatty } from "node:tty";

import { ownPackages, packagedProgram } from "./packaged.js";
import { PROGRAM } from "./places.js";

/** What a person or a supervisor sends to this process alone. `SIGUSR1` is Node's own. */
const PASSED_ON: readonly NodeJS.Signals[] = ["SIGTERM", "SIGHUP", "SIGUSR2"];

/** What the keys of a terminal send, to each process on it: passed on as well, the program would get it twice. */
const OF_THE_TERMINAL: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGBREAK"];

/** Takes the place of this process; of Node.js 22.15 on, and not on Windows. */
type Execve = (file: string, args: readonly string[], environment: NodeJS.ProcessEnv) => never;

const program = packagedProgram(import.meta.url);
if (program === undefined) {
  process.stderr.write(`${missing()}\n`);
  process.exitCode = 1;
} else {
  become(program);
}

function become(program: string): void {
  // The program answers to the name that it is called by.
  const name = basename(process.argv[1] ?? "") === "cam" ? "cam" : PROGRAM;
  const args = process.argv.slice(2);
  const { execve } = process as { execve?: Execve };
  if (execve !== undefined && process.platform !== "win32") {
    execve.call(process, program, [name, ...args], process.env);
  }
  // From now on no signal ends this process alone. They arrive once this function has returned.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, pass);
  const isOnTerminal = [0, 1, 2].some(isatty);
  for (const signal of OF_THE_TERMINAL) process.on(signal, isOnTerminal ? () => {} : pass);
  const child = spawn(program, args, { argv0: name, stdio: "inherit" });
  child.on("error", (error) => {
    process.stderr.write(`${PROGRAM}: \`${program}\` cannot be started: ${error.message}\n`);
    process.exitCode = 126;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function missing(): string {
  const [name] = ownPackages();
  return [
    `${PROGRAM}: the npm package \`${name}\` with the program for this machine is not installed`,
    "hint: install without `--omit=optional` and `--no-optional`, on the system that it will run on. Where there is no such",
    "  package, `cargo install codex-account-manager` builds the program; call it by its path, since this name is npm's",
  ].join("\n");
}
