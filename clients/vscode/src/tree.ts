// Shows `rows` in a tree view.

import * as vscode from "vscode";
import { rows, type Row } from "./rows.ts";
import type { View } from "./view.ts";

export class AccountsTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly view: () => View) {}

  refresh(): void {
    this.#changed.fire();
  }

  getChildren(row?: Row): Row[] {
    return row === undefined ? rows(this.view(), Date.now()) : row.children;
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const { None, Collapsed } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(row.label, row.children.length === 0 ? None : Collapsed);
    item.id = row.id;
    item.description = row.description ?? "";
    // In a narrow side bar the row is cut.
    item.tooltip = row.description === undefined ? row.label : `${row.label}: ${row.description}`;
    if (row.icon !== undefined) {
      item.iconPath = new vscode.ThemeIcon(row.icon, row.color === undefined ? undefined : new vscode.ThemeColor(row.color));
    }
    if (row.context !== undefined) {
      item.contextValue = row.context;
    }
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
