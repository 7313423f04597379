// Shows `status` in the status bar.

import * as vscode from "vscode";
import { status } from "./status.ts";
import type { View } from "./view.ts";

const BACKGROUNDS = {
  none: undefined,
  warning: new vscode.ThemeColor("statusBarItem.warningBackground"),
  error: new vscode.ThemeColor("statusBarItem.errorBackground"),
};

export class StatusBar implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("codexAccountManager.status", vscode.StatusBarAlignment.Right, 100);

  constructor() {
    this.#item.name = "Codex Account";
    this.#item.show();
  }

  show(view: View): void {
    const { text, tooltip, command, severity } = status(view, Date.now());
    this.#item.text = text;
    this.#item.tooltip = new vscode.MarkdownString(tooltip);
    this.#item.command = command;
    this.#item.backgroundColor = BACKGROUNDS[severity];
  }

  dispose(): void {
    this.#item.dispose();
  }
}
