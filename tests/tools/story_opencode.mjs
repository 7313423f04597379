// The same story through the OpenCode plugin: its hooks are called as OpenCode calls them, with a client that records
// its toasts. It wants three accounts, of which the second is rate limited, and CAM_BINARY.

import assert from "node:assert/strict";

const { default: plugin } = await import(new URL("../../clients/opencode/dist/index.js", import.meta.url).href);

const toasts = [];
const client = {
  tui: { showToast: async ({ body }) => void toasts.push(body) },
  app: { log: async () => {} },
};
const hooks = await plugin.server({ client }, {});

const config = {};
await hooks.config(config);
const { baseURL, apiKey, fetch: wired } = config.provider.openai.options;
assert.match(baseURL, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
assert.ok(apiKey);

const list = hooks.tool["openai-accounts"];
assert.match(await list.execute({}, {}), /^OpenAI Accounts \(3\):\n\n/);

const change = hooks.tool["openai-accounts-switch"];
assert.match(await change.execute({ index: 2 }, {}), /^Switched to Account 2 /);

// As a login that OpenCode has stored would send it: elsewhere, and with another key.
const response = await wired("https://api.openai.com/v1/responses", {
  method: "POST",
  headers: { authorization: "Bearer of-somebody-else", "content-type": "application/json", "session-id": "ses_1" },
  body: JSON.stringify({ model: "gpt-5.2", input: "say hi" }),
});
assert.equal(response.status, 200, await response.clone().text());
assert.ok(response.headers.get("x-account-label"), "it came from the proxy");
await response.json();

assert.deepEqual(toasts, [], "they are kept until there is somebody to see them");
await hooks.event({ event: { type: "session.idle" } });
const texts = () => toasts.map(({ message }) => message).join("\n");
while (!/switched to account/.test(texts())) await new Promise((resolve) => setTimeout(resolve, 5));

assert.equal(await change.execute({ index: 9 }, {}), "Invalid account number: 9\nValid range: 1-3");

const [method] = hooks.auth.methods;
assert.deepEqual(
  method.prompts.map(({ key }) => key),
  ["start", "label", "key"],
);
const authorization = await method.authorize({ start: "add", label: "fourth", key: "sk-a-fourth-key-0123456789abcdef" });
assert.match(authorization.instructions, /^Added account 4 \(fourth\)$/);
assert.deepEqual(await authorization.callback(), { type: "success" }, "OpenCode has nothing to store");

await hooks.dispose();
console.log("story: done");
