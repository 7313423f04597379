// The environment of this window's terminals. It is never kept: port and key are new at every start.

import * as vscode from "vscode";
import type { SessionInfo } from "../../typescript/src/protocol.ts";
import { terminalEnvironment } from "./environment.ts";

export class Terminals {
  #session: SessionInfo | undefined;

  constructor(private readonly collection: vscode.EnvironmentVariableCollection) {
    collection.persistent = false;
    collection.description = "Sends OpenAI requests through the accounts of Codex Account Manager";
    collection.clear();
  }

  /** Follows the proxy; undefined when there is none. */
  follow(session: SessionInfo | undefined): void {
    this.#session = session;
    this.apply();
  }

  /** Sets or clears the variables, as the setting says. */
  apply(): void {
    const wanted = vscode.workspace.getConfiguration("codexAccountManager").get("terminals", true);
    this.collection.clear();
    if (this.#session === undefined || !wanted) {
      return;
    }
    for (const [name, value] of terminalEnvironment(this.#session.proxy, process.env)) {
      this.collection.replace(name, value);
    }
  }
}
