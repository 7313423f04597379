// Where VS Code begins and ends: one sidecar per window, and what is shown of it.

import { readdirSync } from "node:fs";
import * as vscode from "vscode";
import type { Requests, SessionInfo } from "../../typescript/src/protocol.ts";
import { registerCommands } from "./commands.ts";
import { Debounced } from "./debounce.ts";
import { Logins } from "./logins.ts";
import { NAME, Sidecar, type Notified } from "./sidecar.ts";
import { StatusBar } from "./statusBar.ts";
import { Terminals } from "./terminals.ts";
import { textCommands } from "./textCommands.ts";
import { AccountsTree } from "./tree.ts";
import { nextChange, type Phase, type View } from "./view.ts";

/** What other extensions get from `getExtension(…).activate()`. */
export interface Api {
  /** This window's session, its proxy's address and key; undefined while there is none. */
  session(): SessionInfo | undefined;
  /** Every notification of the sidecar. */
  onNotification: vscode.Event<Notified>;
  /** Any request of the protocol. */
  request<Name extends keyof Requests>(name: Name, params: Requests[Name]["params"]): Promise<Requests[Name]["result"]>;
}

/** How long changes are gathered before accounts are read again. */
const GATHER = 150;

/** The longest time a timer of Node.js can take. */
const LONGEST_TIMER = 2 ** 31 - 1;

let running: Sidecar | undefined;

export function activate(context: vscode.ExtensionContext): Api {
  const output = vscode.window.createOutputChannel(NAME, { log: true });
  const statusBar = new StatusBar();
  const terminals = new Terminals(context.environmentVariableCollection);
  const logins = new Logins();
  const notified = new vscode.EventEmitter<Notified>();
  let view: View = { phase: "starting" };
  let expiry: NodeJS.Timeout | undefined;
  const tree = new AccountsTree(() => view);

  const show = (next: View): void => {
    view = next;
    statusBar.show(view);
    tree.refresh();
    void vscode.commands.executeCommand("setContext", "codexAccountManager.phase", view.phase);
    void vscode.commands.executeCommand("setContext", "codexAccountManager.accounts", view.accounts?.length ?? -1);
    // A limit ends by the clock, and nobody reports it.
    clearTimeout(expiry);
    const change = nextChange(view, Date.now());
    if (change !== undefined) {
      expiry = setTimeout(() => look.ask(), Math.min(change - Date.now() + 1, LONGEST_TIMER));
    }
  };
  const read = async (): Promise<void> => {
    const { accounts, pins, accountSet } = await sidecar.request("accounts/list", {});
    // What the other sessions serve; without it their rows have no program and no folder.
    const isAlone = accounts.every((account) => account.sessions.every(({ id }) => id === view.session?.session.id));
    const sessions = isAlone ? [] : await sidecar.request("status/read", {}).then(({ sessions }) => sessions, () => []);
    if (view.phase === "running") {
      const { accountSet: _, ...known } = view;
      show({ ...known, accounts, pins, sessions, ...(accountSet === undefined ? {} : { accountSet }) });
    }
  };
  const look = new Debounced(async () => {
    if (view.phase === "running") {
      await read().catch((error: unknown) => output.warn(`Accounts could not be read: ${error}`));
    }
  }, GATHER);
  const left = (phase: Phase, problem?: string): void => {
    terminals.follow(undefined);
    logins.endAll("The sidecar ended");
    show(problem === undefined ? { phase } : { phase, problem });
  };

  const sidecar = new Sidecar(output, textCommands(output), {
    changed: (phase) => left(phase),
    missing: (problem) => {
      left("missing", problem);
      void explainMissing(problem, context);
    },
    ready: (session) => {
      terminals.follow(session);
      show({ phase: "running", session });
      look.ask();
    },
    notified: (message) => {
      switch (message.name) {
        case "accounts/didLogin":
          logins.end(message.params);
          look.ask();
          break;
        case "routing/didSelect":
          show({ ...view, latest: message.params });
          break;
        case "accounts/didChange":
        case "routing/didFinish":
          look.ask();
          break;
        case "proxy/ready":
        case "routing/didWait":
          break;
      }
      notified.fire(message);
    },
  });
  running = sidecar;

  context.subscriptions.push(
    output,
    statusBar,
    tree,
    notified,
    look,
    { dispose: () => clearTimeout(expiry) },
    vscode.window.createTreeView("codexAccountManager.accounts", { treeDataProvider: tree }),
    registerCommands({ sidecar, logins, view: () => view, refresh: read, output }),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("codexAccountManager.terminals")) {
        terminals.apply();
      }
      if (event.affectsConfiguration("codexAccountManager.accounts")) {
        void sidecar.followAccounts();
      }
      if (event.affectsConfiguration("codexAccountManager.binary")) {
        void sidecar.restart();
      }
    }),
  );
  show(view);
  void sidecar.restart();
  return {
    session: () => view.session,
    onNotification: notified.event,
    request: (name, params) => sidecar.request(name, params),
  };
}

export async function deactivate(): Promise<void> {
  await running?.stop();
}

async function explainMissing(problem: string, context: vscode.ExtensionContext): Promise<void> {
  const settings = "Open settings";
  const help = "How to install";
  const chosen = await vscode.window.showWarningMessage(`${NAME}: ${problem}.`, settings, help);
  if (chosen === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "codexAccountManager.binary");
  } else if (chosen === help) {
    // Packing changes the case of its name.
    const readme = readdirSync(context.extensionPath).find((name) => name.toLowerCase() === "readme.md");
    const page = vscode.Uri.joinPath(context.extensionUri, readme ?? "README.md");
    await vscode.commands.executeCommand("markdown.showPreview", page);
  }
}
