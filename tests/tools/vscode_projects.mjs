// What a window may use, seen in the VS Code extension in a host with no editor: a rule holds for its folder, FOLDER, and leaves
// account-1 and account-2; the setting narrows that, and never widens it. The program is CAM_BINARY.

import assert from "node:assert/strict";
import { eventually, load } from "./vscode_host.mjs";

const host = load({}, [process.env.FOLDER]);
const { answers, run, set, shown, statusBar } = host;

await eventually(host, "the status bar names the set", () => /^\$\(account\) account-[12] · work$/.test(statusBar.text ?? ""));
assert.match(statusBar.tooltip.value, /^This window may use \*\*work\*\* by rule 1 /);
const outside = host.tree().find((line) => line.startsWith("account-3"));
assert.equal(outside, "account-3: not allowed here");

// What is outside is there, below a line of its own, and refused with the rule's name.
answers.push("account-3");
await run("codexAccountManager.switchAccount");
const refused = shown.messages.at(-1);
assert.equal(refused.severity, "error");
assert.match(refused.text, /account 3 \(account-3\) may not be used in this session: rule 1 \(/);

set({ "codexAccountManager.accounts": ["!account-1"] });
await eventually(host, "the setting narrows it", () => statusBar.text?.endsWith(" · work & !account-1"));
set({ "codexAccountManager.accounts": ["account-3"] });
await eventually(host, "it does not widen it", () => statusBar.text === "$(circle-slash) No account is allowed here · none");
set({ "codexAccountManager.accounts": null });
await eventually(host, "it is taken back", () => statusBar.text?.endsWith(" · work"));

// A switch for every session names those that may not use the account, in the words of the command line.
answers.push("account-2");
await run("codexAccountManager.switchAccountEverywhere");
const switched = shown.messages.at(-1);
assert.equal(switched.severity, "information");
assert.match(
  switched.text,
  /^Switched to account 2 \(account-2\)\. One session may not use it and stays: sleep in ~\/work\/site, by rule 1 .* and `--accounts`$/,
);

await host.close();
console.log("done");
