#!/usr/bin/env node
// The ChatGPT login of the VS Code extension, in a host with no editor. The other side is this script too, started as a
// sidecar that has no accounts and knows nothing but logins: in the browser, with a code, one whose cancel comes too late,
// and one that nobody ends.

import assert from "node:assert/strict";

const PAGE = "https://auth.example.com/page";
const ACCOUNT = { id: "a", index: 1, label: "[me](command:quit)" };
const SHOWN = "[me]\u2060(command:quit)";

if (process.argv[2] === "sidecar") {
  serve();
} else {
  process.env.CAM_BINARY = import.meta.filename;
  await drive();
  console.log("done");
}

async function drive() {
  const { eventually, load } = await import("./vscode_host.mjs");
  const host = load();
  const { answers, run, shown } = host;
  const last = () => shown.messages.at(-1);
  await eventually(host, "it is up", () => host.statusBar.text === "$(account) No account");
  // What the server itself says, by the language client.
  assert.deepEqual(
    shown.messages.splice(0),
    ["error", "warning", "information"].map((severity) => ({ severity, text: `Switched to ${SHOWN}` })),
  );

  // The server opens the browser, by the language client.
  answers.push("In the browser");
  await run("codexAccountManager.login");
  assert.deepEqual(shown.opened, [PAGE]);
  assert.deepEqual(last(), { severity: "information", text: `Logged in: account 1 (${SHOWN})` });

  // The code is copied and the page opened by whoever asks for it. This login ends before its start is answered.
  answers.push("With a code", "Copy the code and open the page");
  await run("codexAccountManager.login");
  await eventually(host, "the page is open", () => shown.opened.length === 2);
  assert.deepEqual(shown.copied, ["ABCD-1234"]);
  assert.ok(shown.messages.some(({ text }) => text === `Enter the code ABCD-1234 at ${PAGE}`));

  answers.push("In the browser", "cancel");
  await run("codexAccountManager.login");
  assert.deepEqual(last(), { severity: "error", text: "The login was cancelled" });

  // The person agreed on the page before: the cancel is refused, and the account comes.
  answers.push("In the browser", "cancel");
  const said = shown.messages.length;
  await run("codexAccountManager.login");
  assert.deepEqual(shown.messages.slice(said), [
    { severity: "information", text: "Finish the login in the browser." },
    { severity: "information", text: `Logged in: account 1 (${SHOWN})` },
  ]);

  // With the sidecar gone, nobody would tell of the end.
  answers.push("In the browser");
  const login = run("codexAccountManager.login");
  await eventually(host, "it is asked for", () => last().text === "Finish the login in the browser.");
  process.kill(host.api.session().session.pid, "SIGKILL");
  await login;
  assert.deepEqual(last(), { severity: "error", text: "The sidecar ended" });
  await eventually(host, "it is up again", () => host.statusBar.text === "$(account) No account");
  await host.close();
}

function serve() {
  let logins = 0;
  const send = (message) => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    process.stdout.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]));
  };
  const proxy = { host: "127.0.0.1", port: 9, baseUrl: "http://127.0.0.1:9/v1", apiKey: "key" };
  const session = { protocolVersion: 1, proxy, session: { id: "s", pid: process.pid, startAccount: null } };
  const didLogin = (params) => send({ method: "accounts/didLogin", params });
  const methods = {
    initialize: () => ({ capabilities: { experimental: { codexAccountManager: session } } }),
    initialized() {
      for (const type of [1, 2, 3]) {
        send({ method: "window/showMessage", params: { type, message: `Switched to ${ACCOUNT.label}` } });
      }
      send({ method: "proxy/ready", params: session });
    },
    "accounts/list": () => ({ revision: 1, activeIndex: 0, activeIndexByFamily: {}, accounts: [] }),
    "accounts/read": ({ account }) => (account === ACCOUNT.id ? ACCOUNT : undefined),
    "accounts/login"({ method }) {
      const loginId = `${++logins}`;
      const started = { loginId, url: PAGE, expiresAt: Date.now() + 60_000 };
      if (method === "device") {
        didLogin({ loginId, account: ACCOUNT.id });
        return { ...started, userCode: "ABCD-1234" };
      }
      if (loginId === "1") {
        send({ id: "show", method: "window/showDocument", params: { uri: PAGE, external: true } });
      }
      return started;
    },
    "accounts/cancelLogin"({ loginId }) {
      if (loginId === "4") {
        // After the refusal.
        process.nextTick(didLogin, { loginId, account: ACCOUNT.id });
        throw { code: -32015, message: "no login of that id is under way", data: { kind: "loginFailed" } };
      }
      didLogin({ loginId, error: "The login was cancelled" });
      return {};
    },
    shutdown: () => null,
    exit: () => process.exit(0),
  };
  const take = ({ id, method, params, result }) => {
    if (method === undefined) {
      assert.deepEqual(result, { success: true });
      didLogin({ loginId: "1", account: ACCOUNT.id });
      return;
    }
    try {
      const answer = methods[method]?.(params);
      if (id !== undefined) {
        send({ id, result: answer });
      }
    } catch (error) {
      send({ id, error });
    }
  };
  let bytes = Buffer.alloc(0);
  process.stdin.on("data", (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(bytes.toString("latin1"));
      const end = header === null ? Infinity : header[0].length + Number(header[1]);
      if (bytes.length < end) {
        return;
      }
      const message = JSON.parse(bytes.subarray(header[0].length, end).toString());
      bytes = bytes.subarray(end);
      take(message);
    }
  });
  process.stdin.on("end", () => process.exit(1));
}
