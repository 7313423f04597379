// Logging in with ChatGPT. The server opens the browser itself (`window/showDocument`) and tells the end of it.

import * as vscode from "vscode";
import type { AccountsLoginParams, AccountsLoginResult } from "../../typescript/src/protocol.ts";
import type { Logins } from "./logins.ts";
import type { Sidecar } from "./sidecar.ts";
import { unlinked } from "./words.ts";

interface Method extends vscode.QuickPickItem {
  method: AccountsLoginParams["method"];
}

const METHODS: Method[] = [
  { method: "browser", label: "$(globe) In the browser", description: "on this machine" },
  { method: "device", label: "$(device-mobile) With a code", description: "in any browser, for a machine without one" },
];

/** Asks how, and waits until the login is over, one way or the other. */
export async function login(sidecar: Sidecar, logins: Logins): Promise<void> {
  const chosen = await vscode.window.showQuickPick(METHODS, { title: "Log in with ChatGPT" });
  if (chosen === undefined) {
    return;
  }
  const started = await sidecar.request("accounts/login", { method: chosen.method });
  const ended = await waitedFor(started, sidecar, logins);
  if (ended.error !== undefined) {
    throw new Error(ended.error);
  }
  if (ended.account !== undefined) {
    const { index, label } = ended.account;
    void vscode.window.showInformationMessage(unlinked(`Logged in: account ${index} (${label})`));
  }
}

function waitedFor(started: AccountsLoginResult, sidecar: Sidecar, logins: Logins) {
  const { loginId, url, userCode } = started;
  const options = { location: vscode.ProgressLocation.Notification, title: "Log in with ChatGPT", cancellable: true };
  return vscode.window.withProgress(options, (progress, cancelled) => {
    progress.report({ message: userCode === undefined ? "finish it in the browser" : `the code is ${userCode}` });
    cancelled.onCancellationRequested(() => {
      // It ends with `accounts/didLogin` as any other.
      void sidecar.request("accounts/cancelLogin", { loginId }).catch(() => logins.end({ loginId }));
    });
    void offer(url, userCode);
    return logins.wait(loginId);
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
