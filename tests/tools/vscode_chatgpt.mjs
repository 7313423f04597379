#!/usr/bin/env node
// ChatGPT accounts in the VS Code extension, in a host with no editor, with the real program of CAM_BINARY. There is one
// account, whose login has ended; whoever started this plays the person with the code, and the browser is played here.

import assert from "node:assert/strict";
import { eventually, load } from "./vscode_host.mjs";

const host = load();
const { answers, run, shown } = host;
const last = () => shown.messages.at(-1)?.text;
const said = (text) => shown.messages.some((message) => message.text.includes(text));
const line = (text) => host.tree().some((line) => line.includes(text));

await eventually(host, "the account is there", () => line("person-1@example.com"));
await run("codexAccountManager.refresh");
await eventually(host, "its login has ended", () => line("person-1@example.com: in use · needs login"));

// From the quick pick: the person is the one it was, and the account the same.
answers.push("person-1", "With a code");
await run("codexAccountManager.switchAccount");
assert.equal(last(), "Logged in: account 1 (person-1@example.com)");
assert.ok(shown.prompts.some(({ title }) => title === "Log in again: person-1@example.com"));
await run("codexAccountManager.refresh");
await eventually(host, "its quota is told", () => line("Quota of 5h: 42 % used, resets "));
assert.ok(line("person-1@example.com: in use · ready"), host.tree().join("\n"));
assert.match(host.statusBar.tooltip.value, /Quota of week: 7 % used, resets /);

// By browser: it is opened by the language client, which the server asks for that.
answers.push("In the browser");
const login = run("codexAccountManager.login");
const page = await eventually(host, "the page is opened", () => shown.opened.find((url) => url.includes("/oauth/authorize?")));
await (await fetch(page)).text();
await login;
assert.equal(last(), "Logged in: account 2 (second@example.com)");

// Somebody else logs in where the first was asked to.
answers.push("In the browser");
const wrong = run("codexAccountManager.loginAgain", host.row("person-1@example.com"));
await eventually(host, "another page is opened", () => shown.opened.at(-1) !== page && shown.opened.at(-1).includes("authorize"));
await (await fetch(shown.opened.at(-1))).text();
await wrong;
assert.match(last(), /^Logged in: account 2 \(second@example\.com\)\. That is another login; person-1@example\.com still/);

answers.push("With a code", "cancel");
await run("codexAccountManager.login");
assert.ok(said("the login was cancelled"));

answers.push("With an API key", "work", "sk-not-a-real-key-0123456789abcdef");
await run("codexAccountManager.login");
assert.equal(last(), "Added account 3 (work)");

await host.close();
console.log("done");
