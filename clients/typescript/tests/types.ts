// What has to compile, and what must not: a line below `@ts-expect-error` that compiles is itself an error.

import { CodexAccountManager, ERROR_CODES, RequestError, type Account, type SessionInfo } from "codex-account-manager";

export async function compiles(): Promise<void> {
  await using manager = await CodexAccountManager.start({ initializationOptions: { "routing.strategy": "hybrid" } });
  const { accounts } = await manager.request("accounts/list");
  const first: Account | undefined = accounts[0];
  await manager.request("accounts/switch", { account: 2, scope: "everywhere" }, { signal: AbortSignal.timeout(500) });
  await manager.request("accounts/switch", { account: null });
  const text: string | null = await manager.request("workspace/executeCommand", { command: "openai-accounts" });
  manager.on("session", (session: SessionInfo) => session.proxy.baseUrl);
  using listener = manager.onNotification("routing/didFinish", ({ status }) => status.toFixed());
  const login = await manager.login({ method: "device", label: "work" }, { signal: AbortSignal.timeout(500) });
  const person: Account = await login.finished({ signal: AbortSignal.timeout(60_000) });
  const code: -32015 = ERROR_CODES.loginFailed;
  void [first, text, listener, person, code];
}

export async function doesNotCompile(manager: CodexAccountManager, error: RequestError): Promise<void> {
  // @ts-expect-error there is no such method
  await manager.request("accounts/lists", {});
  // @ts-expect-error the account has to be said
  await manager.request("accounts/switch");
  // @ts-expect-error the account has to be said
  await manager.request("accounts/switch", { family: "codex" });
  // @ts-expect-error a scope is one of two words
  await manager.request("accounts/switch", { account: 1, scope: "here" });
  // @ts-expect-error an unknown field is refused by the server, too
  await manager.request("accounts/list", { account: 1 });
  // @ts-expect-error a result has no such field
  (await manager.request("status/read")).ports;
  // @ts-expect-error there is no such notification
  manager.onNotification("accounts/changed", () => {});
  // @ts-expect-error a way to log in is one of two words
  await manager.login({ method: "paper" });
  // @ts-expect-error there is no such kind
  void (error.kind === "noSuchKind");
  // @ts-expect-error there is no such option
  new CodexAccountManager({ program: "codex-account-manager" });
}
