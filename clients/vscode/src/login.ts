// Logging in with ChatGPT. The server opens the browser itself (`window/showDocument`) and reports its end.

import * as vscode from "vscode";
import type { Account, AccountsLoginParams, AccountsLoginResult } from "../../typescript/src/protocol.ts";
import type { Logins } from "./logins.ts";
import type { Sidecar } from "./sidecar.ts";
import { unlinked } from "./words.ts";

interface Method extends vscode.QuickPickItem {
  /** Absent for what is no login. */
  method?: AccountsLoginParams["method"];
}

const METHODS: Method[] = [
  { method: "browser", label: "$(globe) In the browser", description: "on this machine" },
  { method: "device", label: "$(device-mobile) With a code", description: "in any browser, for a machine without one" },
];

const KEY: Method = { label: "$(key) With an API key instead…" };

/**
 * Asks how, and waits until the login is over, one way or the other. With an account it is that one's login that ended.
 */
export async function login(sidecar: Sidecar, logins: Logins, again?: Account): Promise<void> {
  const title = again === undefined ? "Log in with ChatGPT" : `Log in again: ${again.label}`;
  const chosen = await vscode.window.showQuickPick(again === undefined ? [...METHODS, KEY] : METHODS, { title });
  if (chosen === undefined) {
    return;
  }
  if (chosen.method === undefined) {
    await vscode.commands.executeCommand("codexAccountManager.addKey");
    return;
  }
  const started = await sidecar.request("accounts/login", { method: chosen.method });
  const ended = await waitedFor(started, title, sidecar, logins);
  if (ended.account === undefined) {
    throw new Error(ended.error ?? "The login failed");
  }
  const { id, index, label } = await sidecar.request("accounts/read", { account: ended.account });
  const done = `Logged in: account ${index} (${label})`;
  if (again === undefined || again.id === id) {
    void vscode.window.showInformationMessage(unlinked(done));
  } else {
    // The page knew somebody else, and the account that was meant is as it was.
    void vscode.window.showWarningMessage(unlinked(`${done}. That is another login; ${again.label} still needs its own.`));
  }
}

function waitedFor(started: AccountsLoginResult, title: string, sidecar: Sidecar, logins: Logins) {
  const { loginId, url, userCode, expiresAt } = started;
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  return vscode.window.withProgress(options, (progress, cancelled) => {
    progress.report({ message: userCode === undefined ? "finish it in the browser" : `the code is ${userCode}` });
    cancelled.onCancellationRequested(() => {
      // It ends with `accounts/didLogin` as any other, also when this comes too late: what the person has agreed to is
      // seen through, and the cancel is refused.
      void sidecar.request("accounts/cancelLogin", { loginId }).catch(() => {});
    });
    void offer(url, userCode);
    return logins.wait(loginId, expiresAt);
  });
}

/** The page once more, for a browser that did not open, and the code to paste there. */
async function offer(url: string, userCode: string | undefined): Promise<void> {
  const open = userCode === undefined ? "Open the page" : "Copy the code and open the page";
  const copy = "Copy the link";
  const message = userCode === undefined ? "Finish the login in the browser." : `Enter the code ${userCode} at ${url}`;
  const chosen = await vscode.window.showInformationMessage(message, open, copy);
  if (chosen === copy) {
    await vscode.env.clipboard.writeText(url);
  } else if (chosen === open) {
    if (userCode !== undefined) {
      await vscode.env.clipboard.writeText(userCode);
    }
    await vscode.env.openExternal(vscode.Uri.parse(url, true));
  }
}
