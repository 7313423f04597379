// Holds schemas and messages against each other with the libraries of JSON Schema and OpenRPC. The schemas are in the
// folder SCHEMAS. Each line of stdin is a JSON object: `messages` of both directions, in their order, and `accountsFile`,
// a path. Its answer, a line too, has what was `held` against a schema of the product's own, or the `error` of the first
// that does not fit.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import openrpc from "@open-rpc/schema-utils-js";
import Ajv from "ajv/dist/2020.js";

const read = (name) => JSON.parse(readFileSync(`${process.env.SCHEMAS}/${name}`, "utf8"));

const documents = ["protocol", "accounts-file", "config", "opencode-config"].map((name) => read(`${name}.schema.json`));
const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true });
for (const document of documents) ajv.compile(document);
const protocol = documents[0];

function check(what, schema, value) {
  const valid = ajv.validate(schema, value);
  assert.ok(valid, `${what}: ${ajv.errorsText()}\n${JSON.stringify(value, null, 2)}`);
}

const service = read("openrpc.json");
assert.equal(openrpc.validateOpenRPCDocument(service), true);
const resultsOfService = new Map(
  (await openrpc.parseOpenRPCDocument(service)).methods.map((method) => [method.name, method.result.schema]),
);

const part = (name) => ({ $ref: `${protocol.$id}#/$defs/${name}` });
const names = (name) => new Set(Object.keys(protocol.$defs[name].properties));
const [methods, notifications] = [names("Params"), names("Notifications")];

function validate({ messages, accountsFile }) {
  const asked = new Map();
  const held = {};
  for (const { byServer, message } of messages) {
    assert.equal(message.jsonrpc, "2.0");
    const { method, id } = message;
    if (method !== undefined) {
      if (id !== undefined && !byServer) asked.set(id, method);
      const isOurs = methods.has(method) || notifications.has(method);
      if (!isOurs) continue;
      check(method, part(id === undefined ? "Notification" : "Request"), message);
      held[method] = (held[method] ?? 0) + 1;
      continue;
    }
    // Of the client to a question of the server.
    if (!byServer) continue;
    const answered = asked.get(id);
    check(`answer to ${answered}`, part(message.error ? "ErrorResponse" : "SuccessResponse"), message);
    if (answered === "initialize") {
      check("initialize", part("SessionInfo"), message.result.capabilities.experimental.codexAccountManager);
    } else if (methods.has(answered) && !message.error) {
      check(`result of ${answered}`, part("Results"), { [answered]: message.result });
      check(`result of ${answered} by OpenRPC`, resultsOfService.get(answered), message.result);
    } else {
      continue;
    }
    held[`${answered} result`] = (held[`${answered} result`] ?? 0) + 1;
  }
  check("accounts file", { $ref: documents[1].$id }, JSON.parse(readFileSync(accountsFile, "utf8")));
  return held;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { held: validate(JSON.parse(line)) };
  } catch (error) {
    answer = { error: error.message };
  }
  console.log(JSON.stringify(answer));
}
