// Drives a server with the JSON-RPC library of VS Code and no plugin, and prints one JSON object per step. The server's
// command line is a JSON array in SERVER.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import rpc from "vscode-jsonrpc/node";

const [command, ...args] = JSON.parse(process.env.SERVER);
const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
const ended = once(server, "exit");
const reader = new rpc.StreamMessageReader(server.stdout);
const connection = rpc.createMessageConnection(reader, new rpc.StreamMessageWriter(server.stdin));

function say(step, value) {
  console.log(JSON.stringify({ step, value }));
}

connection.onError(([error]) => assert.fail(error));
connection.onUnhandledNotification(() => {});
const ready = new Promise((resolve) => connection.onNotification("proxy/ready", resolve));
connection.listen();

const { capabilities } = await connection.sendRequest("initialize", {
  processId: process.pid,
  clientInfo: { name: "lsp_client.mjs" },
  rootUri: null,
  capabilities: {},
});
await connection.sendNotification("initialized", {});
say("proxy/ready", await ready);
say("capabilities", capabilities.experimental.codexAccountManager);
// What editors send unasked.
const textDocument = { uri: "file:///a.txt", languageId: "text", version: 1, text: "" };
await connection.sendNotification("textDocument/didOpen", { textDocument });
await connection.sendNotification("workspace/didChangeConfiguration", { settings: null });

say("accounts/list", await connection.sendRequest("accounts/list", {}));
say("table", await connection.sendRequest("workspace/executeCommand", { command: "openai-accounts" }));
const change = { command: "openai-accounts-switch", arguments: [2] };
say("switch", await connection.sendRequest("workspace/executeCommand", change));
await connection.sendRequest("shutdown");
await connection.sendNotification("exit");
const [code] = await ended;
say("exit", code);
connection.dispose();
