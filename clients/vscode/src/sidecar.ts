// The sidecar under VS Code's language client, which starts it, starts it again when it crashes, and ends it.

import type { ChildProcess } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import {
  CloseAction,
  DidChangeConfigurationNotification,
  ExecuteCommandRequest,
  LanguageClient,
  MessageType,
  ShowMessageNotification,
  State,
  type Executable,
  type LanguageClientOptions,
  type MessageTransports,
  type Middleware,
} from "vscode-languageclient/node";
import { behindLauncher, isProgram } from "../../typescript/src/packaged.ts";
import { PROGRAM } from "../../typescript/src/places.ts";
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

/** Any notification, distinguished by its name. */
export type Notified = { [Name in keyof Notifications]: { name: Name; params: Notifications[Name] } }[keyof Notifications];

/** The program inside an extension that was packed for one platform; this code is in its folder `dist`. */
const INSIDE = join(__dirname, "../bin", process.platform === "win32" ? `${PROGRAM}.exe` : PROGRAM);

/** How long a program may take to answer; the sidecar takes milliseconds. */
const PATIENCE = 15_000;

/** How long it may take to end: a token may be on its way to the disk. */
const END = 12_000;

/** It is not started again, and the language client says nothing of it. */
const GIVEN_UP = { action: CloseAction.DoNotRestart, handled: true };

export class Sidecar {
  #client: CalmClient | undefined;
  /** Starts and stops happen one after the other. */
  #queue: Promise<void> = Promise.resolve();
  /** Ends the latest start, be it under way or still to come. */
  #starting = new AbortController();

  constructor(
    private readonly output: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly listener: Listener,
  ) {}

  /** Starts it, or restarts it when it runs. */
  restart(): Promise<void> {
    this.#starting.abort();
    const { signal } = (this.#starting = new AbortController());
    return this.#next(async () => {
      await this.#stop();
      if (!signal.aborted) {
        await this.#start(signal);
      }
    });
  }

  stop(): Promise<void> {
    this.#starting.abort();
    return this.#next(() => this.#stop());
  }

  /** The setting of accounts was changed. */
  async followAccounts(): Promise<void> {
    if (this.#client?.state === State.Running) {
      await this.#client.sendNotification(DidChangeConfigurationNotification.type, { settings: { accounts: null, ...accountsSetting() } });
    }
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

  async #start(signal: AbortSignal): Promise<void> {
    const found = findBinary({
      setting: vscode.workspace.getConfiguration("codexAccountManager").get("binary", ""),
      environment: process.env,
      platform: process.platform,
      home: homedir(),
      isProgram,
      packaged: [INSIDE].find(isProgram),
    });
    if ("missing" in found) {
      this.output.warn(found.missing);
      this.listener.missing(found.missing);
      return;
    }
    const path = behindLauncher(found.path);
    this.output.info(`Starting ${path}`);
    const client = this.#create(path);
    this.#client = client;
    // Its failure is shown by its state.
    const answered = await within(PATIENCE, signal, client.start().catch(() => {}));
    if (signal.aborted) {
      await this.#stop();
    } else if (!answered || (client.state === State.Running && sessionOf(client) === undefined)) {
      this.#report(found.path);
      await this.#stop();
    }
  }

  #report(path: string): void {
    const show = "Show output";
    const answer = vscode.window.showErrorMessage(`\`${path}\` does not answer as the sidecar of ${NAME} does.`, show);
    void answer.then((chosen) => chosen === show && this.output.show(true));
  }

  #create(path: string): CalmClient {
    const options: LanguageClientOptions = {
      errorHandler: {
        // A message that could not be written is not for a person: the connection's end, which follows, decides.
        error: async (...what) => ({ ...(await usual.error(...what)), handled: true }),
        // What does not even come up would not at the next try, and what was ended on purpose is to stay so.
        closed: () => (client === this.#client && client.state === State.Running ? usual.closed() : GIVEN_UP),
      },
      initializationOptions: () => accountsSetting(),
      initializationFailedHandler: () => false,
      outputChannel: this.output,
      traceOutputChannel: masking(this.output),
      middleware: this.middleware,
    };
    // Not in the folder that is open, whose files would be looked at first. The language client says which folders are open, and
    // the rules of projects for them hold.
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
        this.#report(path);
      }
    });
    client.onNotification(ShowMessageNotification.type, ({ type, message }) => showMessage(type, unlinked(message)));
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
      client.abandon();
    }
    this.listener.changed("stopped");
  }
}

class CalmClient extends LanguageClient {
  #isAbandoned = false;

  constructor(...given: [id: string, name: string, executable: Executable, options: LanguageClientOptions]) {
    super(...given);
    // Its own ends the process after two seconds.
    Object.defineProperty(this, "checkProcessDied", { value: endsInTime });
  }

  /** Ends what is not up, which the language client refuses to stop. */
  abandon(): void {
    this.#isAbandoned = true;
    this.serverProcess?.kill();
  }

  protected override async createMessageTransports(encoding: string): Promise<MessageTransports> {
    const transports = await super.createMessageTransports(encoding);
    // It was not there yet.
    if (this.#isAbandoned) {
      this.serverProcess?.kill();
    }
    return transports;
  }

  /** Of one failed start it would make up to four messages with the words of Node.js; the output has them. */
  override error(message: string, data?: unknown, show?: boolean | "force"): void {
    super.error(message, data, show === "force" && data !== undefined ? false : show);
  }
}

/** Lets a process end whose language client is done with it, and ends it when it does not. */
function endsInTime(child: ChildProcess | undefined): void {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), END);
  child.once("exit", () => clearTimeout(timer));
}

/** As the language client does it. */
function showMessage(type: MessageType, message: string): void {
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

/** What a window, or its workspace, says of accounts. */
function accountsSetting(): { accounts?: unknown } {
  const accounts = vscode.workspace.getConfiguration("codexAccountManager").get<unknown>("accounts", null);
  return accounts === null ? {} : { accounts };
}

/** Whether it is done in time, and before the signal. */
async function within(milliseconds: number, signal: AbortSignal, promise: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
    signal.addEventListener("abort", () => resolve(false), { once: true });
  });
  const done = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function sessionOf(client: LanguageClient): SessionInfo | undefined {
  return client.initializeResult?.capabilities.experimental?.codexAccountManager;
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
