// `openai-accounts` and `openai-accounts-switch`: the server's own commands, which answer with text. The language
// client registers them; this asks for what is left out and shows the answer.

import * as vscode from "vscode";
import type { Middleware } from "vscode-languageclient/node";
import { unlinked } from "./words.ts";

export function textCommands(output: vscode.LogOutputChannel): Middleware {
  return {
    executeCommand: async (command, given, next) => {
      const switches = command === "openai-accounts-switch";
      const args = switches && given.length === 0 ? await askNumber() : given;
      if (args === undefined) {
        return undefined;
      }
      const text: unknown = await next(command, args);
      if (switches) {
        void vscode.window.showInformationMessage(unlinked(String(text)));
      } else {
        output.appendLine(String(text));
        output.show(true);
      }
      return text;
    },
  };
}

async function askNumber(): Promise<string[] | undefined> {
  const number = await vscode.window.showInputBox({ title: "Switch Account", prompt: "The account's number" });
  return number === undefined ? undefined : [number];
}
