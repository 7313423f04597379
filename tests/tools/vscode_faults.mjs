// The VS Code extension as it is shipped, in a host with no editor: what it does when things go wrong, and what it keeps
// to itself. The program is CAM_BINARY; two accounts are there. TRACE_FORMAT is how messages are traced: text or json.

import assert from "node:assert/strict";
import { eventually, load } from "./vscode_host.mjs";

const BINARY = process.env.CAM_BINARY;
const KEY = "sk-test-never-to-be-read-0123456789abcdef";
const { PATH } = process.env;
process.env.PATH = "";
delete process.env.CAM_BINARY;

// Tracing at its most talkative.
const settings = {
  logLevel: 1,
  "codexAccountManager.trace.server": {},
  "codexAccountManager.trace.server.verbosity": "verbose",
  "codexAccountManager.trace.server.format": process.env.TRACE_FORMAT,
};
const host = load(settings);
const { answers, environment, run, set, shown } = host;
const variable = (name) => environment.variables.get(name);
const last = () => shown.messages.at(-1);
const becomes = (what) => eventually(host, `the status bar says ${what}`, () => host.statusBar.text?.includes(what));

// No program: said once, and every command stays calm.
await becomes("not installed");
assert.equal(shown.messages.length, 1);
assert.equal(last().severity, "warning");
assert.match(last().text, /The program `codex-account-manager` is not in PATH \(.*\) nor where .*\/\.cargo\/bin, /);
assert.equal(host.statusBar.command, "codexAccountManager.restart");
for (const name of ["switchAccount", "refresh"]) {
  await run(`codexAccountManager.${name}`);
  assert.deepEqual(last(), { severity: "error", text: "The sidecar is not running" });
}
assert.equal(environment.variables.size, 0);
shown.messages.length = 0;

// What the setting names and is not there is said; then it is there.
set({ "codexAccountManager.binary": "/nowhere/cam" });
await eventually(host, "the setting is named", () => last()?.text.includes("`/nowhere/cam`, where there is no program"));
process.env.PATH = PATH;
shown.messages.length = 0;

// Another program is one message too, and not tried again and again.
set({ "codexAccountManager.binary": process.execPath });
await becomes("stopped");
set({ "codexAccountManager.binary": BINARY });
await becomes("account-1");
assert.deepEqual(shown.messages.splice(0), [
  { severity: "error", text: `\`${process.execPath}\` does not answer as the sidecar of Codex Account Manager does.` },
]);
const first = Object.fromEntries(environment.variables);
assert.match(first.OPENAI_BASE_URL, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
assert.match(first.NO_PROXY, /127\.0\.0\.1,localhost,::1$/);
assert.equal(environment.persistent, false, "port and key are new at every start");

// The terminals' environment is a setting.
set({ "codexAccountManager.terminals": false });
assert.equal(environment.variables.size, 0);
set({ "codexAccountManager.terminals": true });
assert.deepEqual(Object.fromEntries(environment.variables), first);

// A key is typed unseen, and what is written down of it is masked.
answers.push("extra", KEY);
await run("codexAccountManager.addKey");
assert.deepEqual(last(), { severity: "information", text: "Added account 3 (extra)" });
assert.equal(shown.prompts.at(-1).password, true);
assert.ok(host.tree().includes("extra: ready"));
const written = () => shown.output.join("\n");
await eventually(host, "the request is traced whole", () => /"label": ?"extra",\s*"apiKey": ?"\*{4}"/.test(written()));
assert.ok(!written().includes(KEY) && !written().includes(first.OPENAI_API_KEY), written());

// A label that is there already is refused before the key is asked for.
answers.push("extra");
const asked = shown.prompts.length;
await run("codexAccountManager.addKey");
assert.equal(shown.prompts.length, asked + 1);

// The menu of a row.
await run("codexAccountManager.disable", host.row("extra"));
assert.ok(host.tree().includes("extra: disabled"));
await run("codexAccountManager.enable", host.row("extra"));
answers.push("spare");
await run("codexAccountManager.rename", host.row("extra"));
assert.ok(host.tree().includes("spare: ready"));
await run("codexAccountManager.remove", host.row("spare"));
assert.ok(host.tree().includes("spare: ready"), "not without a yes");
answers.push("Remove");
await run("codexAccountManager.remove", host.row("spare"));
assert.ok(!host.tree().some((line) => line.startsWith("spare")));

// A switch everywhere, and taking it back.
answers.push("account-2");
await run("codexAccountManager.switchAccountEverywhere");
await becomes("account-2");
answers.push("Let it choose");
await run("codexAccountManager.switchAccountEverywhere");
assert.equal(last().text, "Accounts are chosen automatically everywhere");

// What VS Code would make icons and links of is neither.
answers.push("$(bug) [me](command:quit)", KEY);
await run("codexAccountManager.addKey");
assert.deepEqual(last(), { severity: "information", text: "Added account 3 ($(bug) [me]\u2060(command:quit))" });
await run("codexAccountManager.switchAccount", host.row("$(bug) [me](command:quit)"));
assert.deepEqual(last(), { severity: "status", text: "Switched to \\$(bug) [me](command:quit)" });
answers.push("Remove");
await run("codexAccountManager.remove", host.row("$(bug) [me](command:quit)"));

// A login that the server refuses is told with what to do instead.
answers.push("With a code");
await run("codexAccountManager.login");
assert.equal(last().severity, "error");
assert.match(last().text, /\. Hint: ./);

// It crashes: started again at another port, which the terminals follow; the fifth time is the last.
shown.messages.length = 0;
for (let crash = 1; crash <= 5; crash++) {
  const before = variable("OPENAI_API_KEY");
  process.kill(host.api.session().session.pid, "SIGKILL");
  if (crash < 5) {
    await eventually(host, "it is there again", () => ![undefined, before].includes(variable("OPENAI_API_KEY")));
    assert.deepEqual(shown.messages, []);
  }
}
await becomes("stopped");
assert.equal(environment.variables.size, 0);
assert.equal(shown.messages.length, 1);
assert.match(last().text, /crashed 5 times in the last 3 minutes/);

// A click starts it again, and the server's commands with it, once.
await run(host.statusBar.command);
await becomes("account-");
assert.match(await run("openai-accounts"), /^OpenAI Accounts \(2\):/);

await host.close();
assert.equal(environment.variables.size, 0);
assert.equal(host.commands.size, 0);
console.log("done");
