// The same story through the OpenCode plugin: its hooks are called as OpenCode calls them, with a client that records
// its toasts. It wants three accounts, of which the second is rate limited; CAM_BINARY names the program, CAM_PLUGIN the
// package when it is installed beside this script.

import assert from "node:assert/strict";

const source = new URL("../../clients/opencode/dist/index.js", import.meta.url).href;
const { default: plugin } = await import(process.env.CAM_PLUGIN ?? source);

const toasts = [];
const client = {
  tui: { showToast: async ({ body }) => void toasts.push(body) },
  app: { log: async () => {} },
};
const hooks = await plugin.server({ client, directory: process.cwd() }, {});

// The person has chosen a model: nothing is asked about others.
const config = { model: "openai/gpt-5.2" };
await hooks.config(config);
assert.equal(config.model, "openai/gpt-5.2");
const { baseURL, apiKey, fetch: wired } = config.provider.openai.options;
assert.match(baseURL, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
assert.ok(apiKey);

const list = hooks.tool["openai-accounts"];
assert.match(await list.execute({}, {}), /^OpenAI Accounts \(3\):\n\n/);

const change = hooks.tool["openai-accounts-switch"];
assert.match(await change.execute({ index: 2 }, {}), /^Switched to Account 2 /);

const output = { headers: {} };
await hooks["chat.headers"]({ sessionID: "ses_1", model: { providerID: "openai" } }, output);
assert.equal(output.headers["session-id"], "ses_1");

// As a login that OpenCode has stored would send it: elsewhere, and with another key.
const response = await wired("https://api.openai.com/v1/responses", {
  method: "POST",
  headers: { authorization: "Bearer of-somebody-else", "content-type": "application/json", ...output.headers },
  body: JSON.stringify({ model: "gpt-5.2", input: "say hi" }),
});
assert.equal(response.status, 200, await response.clone().text());
assert.ok(response.headers.get("x-account-label"), "it came from the proxy");
await response.json();

assert.deepEqual(toasts, [], "they are kept until there is somebody to see them");
await hooks.event({ event: { type: "session.idle" } });
const texts = () => toasts.map(({ message }) => message).join("\n");
while (!/switched to account/.test(texts())) await new Promise((resolve) => setTimeout(resolve, 5));

const [browser, device, key] = hooks.auth.methods;
assert.deepEqual(
  [browser, device, key].map(({ prompts }) => prompts.map(({ key }) => key)),
  [["start"], ["start"], ["start", "label", "key"]],
);
const login = await device.authorize({ start: "add" });
assert.match(login.instructions, /^Enter code: [A-Z0-9]{4}-[A-Z0-9]{5}$/);
assert.deepEqual(await login.callback(), { type: "success" }, "OpenCode has nothing to store");
assert.equal(toasts.at(-1).message, "Logged in: account 4 (person@example.com)");

assert.equal(await change.execute({ index: 9 }, {}), "Invalid account number: 9\nValid range: 1-4");

const added = await key.authorize({ start: "add", label: "fifth", key: "sk-a-fifth-key-0123456789abcdefgh" });
assert.match(added.instructions, /^Added account 5 \(fifth\)$/);
assert.deepEqual(await added.callback(), { type: "success" }, "OpenCode has nothing to store");

await hooks.dispose();
console.log("story: done");
