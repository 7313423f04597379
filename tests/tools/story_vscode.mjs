// The usual story, told by the VS Code extension as it is shipped: its own bundle and language client, in a host with
// no editor. The program is CAM_BINARY; account 2 of three is rate-limited upstream.

import assert from "node:assert/strict";
import { eventually, load } from "./vscode_host.mjs";

const host = load();
const { api, answers, environment, run, shown } = host;

const finished = new Promise((resolve) => {
  api.onNotification(({ name, params }) => name === "routing/didFinish" && resolve(params));
});
await new Promise((resolve) => api.onNotification(({ name }) => name === "proxy/ready" && resolve()));
assert.equal(environment.variables.get("OPENAI_BASE_URL"), api.session().proxy.baseUrl);

const { accounts } = await api.request("accounts/list", {});
assert.equal(accounts.length, 3);
await eventually(host, "the tree has three accounts", () => host.tree().filter((line) => !line.startsWith(" ")).length === 3);

const table = await run("openai-accounts");
assert.match(table, /^OpenAI Accounts \(3\):\n\n/);

answers.push(accounts[1].label);
await run("codexAccountManager.switchAccount");
await eventually(host, "the status bar names it", () => host.statusBar.text?.includes(accounts[1].label));

const response = await fetch(`${environment.variables.get("OPENAI_BASE_URL")}/responses`, {
  method: "POST",
  headers: {
    authorization: `Bearer ${environment.variables.get("OPENAI_API_KEY")}`,
    "content-type": "application/json",
  },
  body: JSON.stringify({ model: "gpt-5.2", input: "say hi" }),
});
await response.text();
assert.equal(response.status, 200);
assert.equal((await finished).status, 200);
await eventually(host, "the tree tells of the limit", () => host.tree().some((line) => line.includes("gpt-5.2: limited until")));

answers.push("With a code");
await run("codexAccountManager.login");
assert.match(shown.opened[0], /\/codex\/device$/, "the server has the page opened");
assert.equal(shown.messages.at(-1).text, "Logged in: account 4 (person@example.com)");

const status = await api.request("status/read", {});
assert.equal(status.accounts.total, 4);

assert.equal(await run("openai-accounts-switch", "9"), "Invalid account number: 9\nValid range: 1-4");

await host.close();
assert.equal(environment.variables.size, 0, "the terminals' environment is taken back");
assert.deepEqual(shown.messages.filter(({ severity }) => severity === "error"), []);
console.log("story: done");
