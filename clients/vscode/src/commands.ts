// The commands of the palette and of the tree's menus.

import * as vscode from "vscode";
import type { Account, SwitchScope } from "../../typescript/src/protocol.ts";
import { errorText } from "./errors.ts";
import { labelProblem } from "./labels.ts";
import { login } from "./login.ts";
import type { Logins } from "./logins.ts";
import { picks, type Choice, type Pick } from "./picks.ts";
import type { Row } from "./rows.ts";
import type { Sidecar } from "./sidecar.ts";
import { byId, type View } from "./view.ts";
import { plain, switchedBut, unlinked } from "./words.ts";

export interface Workings {
  sidecar: Sidecar;
  logins: Logins;
  view: () => View;
  refresh: () => Promise<void>;
  output: vscode.LogOutputChannel;
}

export function registerCommands(workings: Workings): vscode.Disposable {
  const { sidecar, view, refresh } = workings;
  const change = async (account: Account, params: { label?: string; enabled?: boolean; apiKey?: string }) => {
    await sidecar.request("accounts/update", { account: account.id, ...params });
    await refresh();
  };
  const commands: Record<string, (row?: Row) => Promise<unknown> | undefined> = {
    switchAccount: (row) => switchAccount(workings, "session", row),
    switchAccountEverywhere: (row) => switchAccount(workings, "everywhere", row),
    addKey: () => addKey(workings),
    login: () => login(sidecar, workings.logins),
    loginAgain: (row) => ofRow(view(), row, (account) => login(sidecar, workings.logins, account)),
    refresh: () => refreshAll(workings),
    restart: () => sidecar.restart(),
    showOutput: async () => workings.output.show(true),
    enable: (row) => ofRow(view(), row, (account) => change(account, { enabled: true })),
    disable: (row) => ofRow(view(), row, (account) => change(account, { enabled: false })),
    rename: (row) =>
      ofRow(view(), row, async (account) => {
        const label = await askLabel(view(), `Rename ${account.label}`, account);
        return label === undefined ? undefined : change(account, { label });
      }),
    replaceKey: (row) =>
      ofRow(view(), row, async (account) => {
        const apiKey = await askKey(`New API key of ${account.label}`);
        return apiKey === undefined ? undefined : change(account, { apiKey });
      }),
    remove: (row) => ofRow(view(), row, (account) => remove(workings, account)),
  };
  const registered = Object.entries(commands).map(([name, run]) =>
    vscode.commands.registerCommand(`codexAccountManager.${name}`, (row?: Row) => shown(async () => run(row))),
  );
  return vscode.Disposable.from(...registered);
}

/** Shows what a command failed with. */
async function shown(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    void vscode.window.showErrorMessage(unlinked(errorText(error)));
  }
}

function ofRow(view: View, row: Row | undefined, run: (account: Account) => Promise<unknown>) {
  const account = row?.account === undefined ? undefined : byId(view, row.account);
  return account === undefined ? undefined : run(account);
}

async function switchAccount(workings: Workings, scope: SwitchScope, row?: Row): Promise<void> {
  const choice: Choice | undefined =
    row?.account === undefined ? await pick(workings, scope) : { switchTo: row.account };
  if (choice === undefined) {
    return;
  }
  if ("run" in choice) {
    await vscode.commands.executeCommand(`codexAccountManager.${choice.run}`);
    return;
  }
  if ("logInAgain" in choice) {
    await login(workings.sidecar, workings.logins, await workings.sidecar.request("accounts/read", { account: choice.logInAgain }));
    return;
  }
  const { account, passedOver } = await workings.sidecar.request("accounts/switch", { account: choice.switchTo, scope });
  await workings.refresh();
  if (account && passedOver) {
    void vscode.window.showInformationMessage(unlinked(switchedBut(account, passedOver)));
    return;
  }
  const where = scope === "everywhere" ? " everywhere" : "";
  const label = plain(account?.label ?? "");
  const what = choice.switchTo === null ? "Accounts are chosen automatically" : `Switched to ${label}`;
  vscode.window.setStatusBarMessage(`${what}${where}`, 5000);
}

async function pick({ sidecar, view }: Workings, scope: SwitchScope): Promise<Choice | undefined> {
  const title = scope === "everywhere" ? "Switch Account Everywhere" : "Switch Account";
  const placeHolder =
    scope === "everywhere" ? "For every running session, and for new ones" : "For this window; others keep theirs";
  // Read again, so that the choices are true now.
  const { accounts, pins } = await sidecar.request("accounts/list", {});
  const items = picks({ ...view(), accounts, pins }, Date.now()).map(quickPickItem);
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
  return chosen?.choice;
}

function quickPickItem({ choice, ...pick }: Pick): vscode.QuickPickItem & { choice?: Choice } {
  return choice === undefined ? { ...pick, kind: vscode.QuickPickItemKind.Separator } : { ...pick, choice };
}

/** Reads the accounts again, and from the provider the quota of ChatGPT logins. */
async function refreshAll({ sidecar, view, refresh }: Workings): Promise<void> {
  if (view().accounts?.some(({ kind }) => kind === "chatgpt")) {
    await sidecar.request("accounts/refresh", {});
  }
  await refresh();
}

async function addKey({ sidecar, view, refresh }: Workings): Promise<void> {
  const label = await askLabel(view(), "Add API Key (1/2): how shall the account be called?");
  const apiKey = label === undefined ? undefined : await askKey("Add API Key (2/2): the key");
  if (label === undefined || apiKey === undefined) {
    return;
  }
  const account = await sidecar.request("accounts/add", { label, apiKey });
  await refresh();
  void vscode.window.showInformationMessage(unlinked(`Added account ${account.index} (${account.label})`));
}

function askLabel(view: View, title: string, renamed?: Account): Thenable<string | undefined> {
  const others = (view.accounts ?? []).filter((account) => account.id !== renamed?.id);
  return vscode.window.showInputBox({
    title,
    placeHolder: "work",
    value: renamed?.label ?? "",
    ignoreFocusOut: true,
    validateInput: (label) => labelProblem(label, others.map((account) => account.label)),
  });
}

/** Not shown while it is typed, and kept nowhere but in the request. */
async function askKey(title: string): Promise<string | undefined> {
  const key = await vscode.window.showInputBox({
    title,
    placeHolder: "sk-…",
    prompt: "It is sealed before it reaches the disk, and never shown again.",
    password: true,
    ignoreFocusOut: true,
    validateInput: (key) => (key.trim() === "" ? "The key is empty" : undefined),
  });
  return key?.trim();
}

async function remove({ sidecar, refresh }: Workings, account: Account): Promise<void> {
  const detail = "What is stored of it on this machine is removed. Sessions that use it go on with another account.";
  const question = `Remove the account ${account.label}?`;
  const answer = await vscode.window.showWarningMessage(question, { modal: true, detail }, "Remove");
  if (answer === "Remove") {
    await sidecar.request("accounts/remove", { account: account.id });
    await refresh();
  }
}
