// One story through the TypeScript client: every kind of message it has, in an order that leads somewhere. It wants
// three accounts, of which the second is rate limited; CAM_BINARY names the program, CAM_CLIENT the package when it is
// installed beside this script.

import assert from "node:assert/strict";

const source = new URL("../../clients/typescript/dist/index.js", import.meta.url).href;
const { CodexAccountManager } = await import(process.env.CAM_CLIENT ?? source);

const manager = new CodexAccountManager({ clientInfo: { name: "story_typescript.mjs" } });

function told(name) {
  return new Promise((resolve) => manager.onNotification(name, resolve));
}

const ready = told("proxy/ready");
await manager.start();
assert.equal((await ready).proxy.baseUrl, manager.baseUrl);

const { accounts } = await manager.request("accounts/list", {});
assert.deepEqual(
  accounts.map(({ index }) => index),
  [1, 2, 3],
);

const table = await manager.request("workspace/executeCommand", { command: "openai-accounts" });
assert.ok(table.startsWith("OpenAI Accounts (3):\n\n"), table);

const switched = await manager.request("accounts/switch", { account: 2 });
assert.equal(switched.account.index, 2);

const finished = told("routing/didFinish");
const response = await fetch(`${manager.baseUrl}/responses`, {
  method: "POST",
  headers: { authorization: `Bearer ${manager.apiKey}`, "content-type": "application/json" },
  body: JSON.stringify({ model: "gpt-5.2", input: "say hi" }),
});
assert.equal(response.status, 200, await response.clone().text());
await response.json();
const { status, account } = await finished;
assert.equal(status, 200);
assert.notEqual(account, accounts[1].id, "the second account is limited");

const login = await manager.login({ method: "device" });
assert.ok(login.userCode, login.url);
const { index, label } = await login.finished();
assert.deepEqual([index, label], [4, "person@example.com"]);

const { accounts: counts, session } = await manager.request("status/read", {});
assert.equal(counts.total, 4);
assert.equal(session.id, manager.session.session.id);

const params = { command: "openai-accounts-switch", arguments: ["9"] };
const answer = await manager.request("workspace/executeCommand", params);
assert.equal(answer, "Invalid account number: 9\nValid range: 1-4");

await manager.stop();
console.log("story: done");
