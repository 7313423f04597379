// As much of VS Code as the extension and its language client touch, with no editor: what a person would be shown is
// collected, and what a person would choose or type is queued beforehand.

import { EventEmitter as Emitter } from "node:events";
import Module, { createRequire } from "node:module";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

/** The extension as it is shipped, loaded into a host of its own. */
export function load(settings = {}, folders = []) {
  const host = createHost(settings, folders);
  const original = Module._load;
  Module._load = (request, ...rest) => (request === "vscode" ? host.vscode : original(request, ...rest));
  const bundle = new URL("../../clients/vscode/dist/extension.cjs", import.meta.url).pathname;
  const extension = createRequire(import.meta.url)(bundle);
  const subscriptions = [];
  const api = extension.activate({
    subscriptions,
    environmentVariableCollection: host.environment,
  });
  const close = async () => {
    await extension.deactivate();
    subscriptions.reverse().forEach((subscription) => subscription.dispose());
  };
  return { ...host, api, close };
}

/** Looks again at every turn of what is shown, until `look` finds something. */
export async function eventually(host, what, look) {
  const late = AbortSignal.timeout(30_000);
  for (;;) {
    const found = look();
    if (found) {
      return found;
    }
    if (late.aborted) {
      throw new Error(`it did not come to this: ${what}\n${JSON.stringify(host.shown, null, 2)}`);
    }
    await new Promise((resolve) => {
      const done = () => {
        late.removeEventListener("abort", done);
        host.turns.off("turn", done);
        resolve();
      };
      late.addEventListener("abort", done);
      host.turns.on("turn", done);
    });
  }
}

/** A folder as it is open in a window. */
function opened(path, index) {
  const { href } = pathToFileURL(path);
  return { uri: { scheme: "file", fsPath: path, path, toString: () => href }, name: basename(path), index };
}

function createHost(settings, folders) {
  const turns = new Emitter();
  const shown = { messages: [], output: [], prompts: [], opened: [], copied: [] };
  const answers = [];
  const commands = new Map();
  const trees = new Map();
  const statusBar = {};
  const changed = new EventEmitter();

  const turn = (value) => {
    turns.emit("turn");
    return value;
  };
  // The next answer, or undefined: the person pressed Escape.
  const answer = (prompt, match) => {
    shown.prompts.push(prompt);
    const wanted = answers.shift();
    return Promise.resolve(turn(wanted === undefined ? undefined : match(wanted)));
  };
  const message = (severity) => (text, ...rest) => {
    const actions = rest.filter((action) => typeof action !== "object" || "title" in action);
    shown.messages.push({ severity, text });
    turn();
    const asks = actions.length > 0 && answers.length > 0 && actions.includes(answers[0]);
    return Promise.resolve(asks ? answers.shift() : undefined);
  };
  const log = (level) => (text) => void turn(shown.output.push(`${level}: ${text}`));

  const environment = {
    variables: new Map(),
    clear: () => turn(environment.variables.clear()),
    replace: (name, value) => turn(environment.variables.set(name, value)),
  };
  const known = {
    version: "1.139.1",
    EventEmitter,
    Disposable,
    TreeItem: class {
      constructor(label) {
        this.label = label;
      }
    },
    ThemeColor: class {},
    ThemeIcon: class {},
    MarkdownString: class {
      constructor(value) {
        this.value = value;
      }
    },
    Uri: { parse: (text) => ({ toString: () => text }), file: (path) => ({ toString: () => `file://${path}`, fsPath: path }) },
    LogLevel: { Off: 0, Trace: 1, Debug: 2, Info: 3, Warning: 4, Error: 5 },
    StatusBarAlignment: { Left: 1, Right: 2 },
    QuickPickItemKind: { Separator: -1, Default: 0 },
    ProgressLocation: { SourceControl: 1, Window: 10, Notification: 15 },
    TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    env: {
      appName: "A host with no editor",
      language: "en",
      openExternal: (uri) => Promise.resolve(turn(shown.opened.push(String(uri)) > 0)),
      clipboard: { writeText: (text) => Promise.resolve(turn(void shown.copied.push(text))) },
    },
    commands: {
      registerCommand(name, run) {
        if (commands.has(name)) {
          throw new Error(`command '${name}' already exists`);
        }
        commands.set(name, run);
        return new Disposable(() => commands.delete(name));
      },
      async executeCommand(name, ...args) {
        return commands.get(name)?.(...args);
      },
    },
    window: quiet({
      createOutputChannel: () => ({
        logLevel: settings.logLevel ?? 3,
        onDidChangeLogLevel: () => new Disposable(() => {}),
        trace: log("trace"),
        debug: log("debug"),
        info: log("info"),
        warn: log("warn"),
        error: log("error"),
        appendLine: log("line"),
        show: () => {},
        dispose: () => {},
      }),
      createStatusBarItem: () =>
        new Proxy(Object.assign(statusBar, { show: () => {}, dispose: () => {} }), {
          set: (item, name, value) => turn(Reflect.set(item, name, value)),
        }),
      createTreeView(id, { treeDataProvider }) {
        trees.set(id, treeDataProvider);
        return new Disposable(() => trees.delete(id));
      },
      showInformationMessage: message("information"),
      showWarningMessage: message("warning"),
      showErrorMessage: message("error"),
      setStatusBarMessage: (text) => message("status")(text),
      showQuickPick: (items, options) =>
        answer({ title: options.title, items }, (wanted) => items.find(({ label }) => label.includes(wanted))),
      async showInputBox(options) {
        const { title, password } = options;
        return answer({ title, password }, (wanted) => (options.validateInput?.(wanted) ? undefined : wanted));
      },
      // Whoever queued `cancel` does not wait for the end.
      withProgress(_options, run) {
        const cancels = answers[0] === "cancel" && answers.shift() !== undefined;
        return run({ report: () => {} }, { onCancellationRequested: (cancel) => cancels && cancel() });
      },
      tabGroups: quiet({ all: [] }),
      visibleTextEditors: [],
    }),
    workspace: quiet({
      getConfiguration: (section) => ({ get: (name, otherwise) => settings[`${section}.${name}`] ?? otherwise }),
      onDidChangeConfiguration: changed.event,
      textDocuments: [],
      notebookDocuments: [],
      workspaceFolders: folders.length === 0 ? undefined : folders.map(opened),
    }),
  };
  /** Changes settings as a person would. */
  const set = (changes) => {
    Object.assign(settings, changes);
    changed.fire({ affectsConfiguration: (name) => name in changes });
  };
  /** The rows of the accounts view as text. */
  const tree = () => {
    const provider = trees.get("codexAccountManager.accounts");
    const lines = (row, indent) =>
      provider.getChildren(row).flatMap((child) => {
        const { label, description } = provider.getTreeItem(child);
        return [`${indent}${label}: ${description}`, ...lines(child, `${indent}  `)];
      });
    return lines(undefined, "");
  };
  /** The row of an account, as the menus hand it to a command. */
  const row = (label) =>
    trees.get("codexAccountManager.accounts").getChildren().find((child) => child.label === label);
  const run = (name, ...args) => known.commands.executeCommand(name, ...args);
  // The language client makes subclasses of many more, for features that this server does not have.
  const vscode = new Proxy(known, { get: (names, name) => (names[name] ??= class {}) });
  return { vscode, environment, shown, answers, commands, statusBar, turns, set, tree, row, run };
}

/** Events that never come: nobody edits anything here. */
function quiet(names) {
  const never = () => new Disposable(() => {});
  return new Proxy(names, { get: (names, name) => names[name] ?? (/^on(Did|Will)/.test(name) ? never : undefined) });
}

class EventEmitter {
  #listeners = new Set();
  event = (listener, self, disposables) => {
    const bound = listener.bind(self);
    this.#listeners.add(bound);
    const disposable = new Disposable(() => this.#listeners.delete(bound));
    disposables?.push(disposable);
    return disposable;
  };
  fire(value) {
    [...this.#listeners].forEach((listener) => listener(value));
  }
  dispose() {
    this.#listeners.clear();
  }
}

class Disposable {
  constructor(run) {
    this.dispose = run;
  }
  static from(...disposables) {
    return new Disposable(() => disposables.forEach((disposable) => disposable.dispose()));
  }
}
