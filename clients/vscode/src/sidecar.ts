// The sidecar under VS Code's language client, which starts it, starts it again when it crashes, and ends it.

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  ExecuteCommandRequest,
  LanguageClient,
  MessageType,
  ShowMessageNotification,
  State,
  type LanguageClientOptions,
  type Middleware,
} from "vscode-languageclient/node";
import { NOTIFICATIONS, type Notifications, type Requests, type SessionInfo } from "../../typescript/src/protocol.ts";
import { findBinary } from "./binary.ts";
import { masked } from "./mask.ts";
import type { Phase } from "./view.ts";
import { unlinked } from "./words.ts";

export const NAME = "Codex Account Manager";

/** What the rest of the extension hears. */
export interface Listener {
  changed(phase: Phase): void;
  /** The proxy listens; with the key, which only the initialize result has. */
  ready(session: SessionInfo): void;
  missing(problem: string): void;
  notified(message: Notified): void;
}

/** Any notification, told apart by its name. */
export type Notified = { [Name in keyof Notifications]: { name: Name; params: Notifications[Name] } }[keyof Notifications];

/** How long a program may take to answer; the sidecar takes milliseconds. */
const PATIENCE = 15_000;

/** It is not started again, and the language client says nothing of it. */
const GIVEN_UP = { action: CloseAction.DoNotRestart, handled: true };

export class Sidecar {
  #client: LanguageClient | undefined;
  /** Starts and stops happen one after the other. */
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly output: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly listener: Listener,
  ) {}

  /** Starts it; when it runs already, anew. */
  restart(): Promise<void> {
    return this.#next(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#next(() => this.#stop());
  }

  async request<Name extends keyof Requests>(
    name: Name,
    params: Requests[Name]["params"],
  ): Promise<Requests[Name]["result"]> {
    if (this.#client?.state !== State.Running) {
      throw new Error("The sidecar is not running");
    }
    return this.#client.sendRequest<Requests[Name]["result"]>(name, params);
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #start(): Promise<void> {
    const found = findBinary({
      setting: vscode.workspace.getConfiguration("codexAccountManager").get("binary", ""),
      environment: process.env,
      platform: process.platform,
      home: homedir(),
      isProgram,
    });
    if ("missing" in found) {
      this.output.warn(found.missing);
      this.listener.missing(found.missing);
      return;
    }
    this.output.info(`Starting ${found.path}`);
    const client = this.#create(found.path);
    this.#client = client;
    // Its failure is told by its state.
    const answered = await within(PATIENCE, client.start().catch(() => {}));
    if (!answered || (client.state === State.Running && sessionOf(client) === undefined)) {
      this.#tell(found.path);
      await this.#stop();
    }
  }

  #tell(path: string): void {
    const show = "Show output";
    const told = vscode.window.showErrorMessage(`\`${path}\` does not answer as the sidecar of ${NAME} does.`, show);
    void told.then((chosen) => chosen === show && this.output.show(true));
  }

  #create(path: string): LanguageClient {
    const options: LanguageClientOptions = {
      errorHandler: {
        // A message that could not be written is not for a person: the connection's end, which follows, decides.
        error: async (...what) => ({ ...(await usual.error(...what)), handled: true }),
        // What does not even come up would not at the next try, and what was ended on purpose is to stay so.
        closed: () => (client === this.#client && client.state === State.Running ? usual.closed() : GIVEN_UP),
      },
      initializationFailedHandler: () => false,
      outputChannel: this.output,
      traceOutputChannel: masking(this.output),
      middleware: this.middleware,
    };
    // Not in the folder that is open: the sidecar has nothing to do with it.
    const executable = { command: path, args: ["sidecar", "--stdio"], options: { cwd: homedir() } };
    const client = new CalmClient("codexAccountManager", NAME, executable, options);
    const usual = client.createDefaultErrorHandler();
    bearTakenCommands(client, this.output);
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Running || client !== this.#client) {
        return;
      }
      this.listener.changed(newState === State.Starting ? "starting" : "stopped");
      if (newState === State.StartFailed) {
        this.#tell(path);
      }
    });
    // In place of the language client's own, which would make links of labels.
    client.onNotification(ShowMessageNotification.type, ({ type, message }) => show(type, unlinked(message)));
    for (const name of NOTIFICATIONS) {
      client.onNotification(name, (params: Notifications[typeof name]) => {
        const session = sessionOf(client);
        if (name === "proxy/ready" && session !== undefined) {
          this.listener.ready(session);
        }
        this.listener.notified({ name, params } as Notified);
      });
    }
    return client;
  }

  async #stop(): Promise<void> {
    const client = this.#client;
    if (client === undefined) {
      return;
    }
    this.#client = undefined;
    if (client.state === State.Running) {
      await client.dispose().catch((error: unknown) => this.output.warn(`It did not end in good order: ${error}`));
    } else {
      // The language client refuses to stop what is not up.
      client.serverProcess?.kill();
    }
    this.listener.changed("stopped");
  }
}

/** Of one failed start the language client makes up to four messages with the words of Node.js; the output has them. */
class CalmClient extends LanguageClient {
  override error(message: string, data?: unknown, show?: boolean | "force"): void {
    super.error(message, data, show === "force" && data !== undefined ? false : show);
  }
}

/** A word of the sidecar to the person. */
function show(type: MessageType, message: string): void {
  switch (type) {
    case MessageType.Error:
      void vscode.window.showErrorMessage(message);
      break;
    case MessageType.Warning:
      void vscode.window.showWarningMessage(message);
      break;
    default:
      void vscode.window.showInformationMessage(message);
  }
}

/** Whether it is done in time. */
async function within(milliseconds: number, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const done = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function sessionOf(client: LanguageClient): SessionInfo | undefined {
  return client.initializeResult?.capabilities.experimental?.codexAccountManager;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The channel with a `trace` that masks keys and tokens. */
function masking(output: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const trace = (message: string): void => output.trace(masked(message));
  return Object.create(output, { trace: { value: trace } }) as vscode.LogOutputChannel;
}

/** The language client makes editor commands of the server's, and would not start if another extension has such a one. */
function bearTakenCommands(client: LanguageClient, output: vscode.LogOutputChannel): void {
  const feature = client.getFeature(ExecuteCommandRequest.method);
  const register = feature.register.bind(feature);
  feature.register = (data) => {
    try {
      register(data);
    } catch (error) {
      output.warn(`Another extension has a command of the same name: ${error}`);
    }
  };
}
