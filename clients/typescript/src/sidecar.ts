// One process of the sidecar, from its handshake to its end. What survives a crash is in `client.ts`.

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import {
  CancellationTokenSource,
  createMessageConnection,
  ErrorCodes,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
  type CancellationToken,
  type MessageConnection,
} from "vscode-jsonrpc/node";

import { isRecord, RequestError, SidecarError } from "./errors.js";
import { PROTOCOL_VERSION, type SessionInfo } from "./protocol.js";

/** How many lines of stderr are kept for an error's message. */
const KEPT_LINES = 20;

/** How long `shutdown` may take; the sidecar has everything on disk when it answers. */
const SHUTDOWN_MS = 2_000;

/** How long a process may live on whose stdout is closed: it answers nothing any more. */
const LINGER_MS = 2_000;

/** What the library says in place of an answer when the streams are closed. */
const NO_ANSWER: readonly number[] = [
  ErrorCodes.MessageWriteError,
  ErrorCodes.MessageReadError,
  ErrorCodes.PendingResponseRejected,
  ErrorCodes.ConnectionInactive,
];

/** How long the streams of a process that has ended may take to say so. */
const DRAIN_MS = 500;

/** What one process needs. */
export interface SidecarOptions {
  binary: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string | undefined;
  clientInfo: { name: string; version?: string };
  initializationOptions: Record<string, unknown>;
  folders: readonly string[];
  /** Whether the client shows progress that it did not ask for. */
  showsProgress: boolean;
  startTimeoutMs: number;
  stopTimeoutMs: number;
  onStderr: (line: string) => void;
  onNotification: (method: string, params: unknown) => void;
}

/** A running sidecar. */
export class Sidecar {
  /** Resolves when the process has ended; it never rejects. */
  readonly ended: Promise<SidecarError>;
  /** The result of `initialize`; set by `start`. */
  session!: SessionInfo;

  readonly #child: ChildProcessWithoutNullStreams;
  readonly #connection: MessageConnection;
  readonly #options: SidecarOptions;
  /** Rejects of the requests under way: their answers come no more once the process has ended. */
  readonly #pending = new Set<(error: Error) => void>();
  readonly #lastLines: string[] = [];
  #end: SidecarError | undefined;
  #isStopping = false;

  /** Starts a process and shakes hands. `signal` ends it while it starts. */
  static async start(options: SidecarOptions, signal: AbortSignal): Promise<Sidecar> {
    signal.throwIfAborted();
    const sidecar = new Sidecar(options);
    try {
      const limit = AbortSignal.timeout(options.startTimeoutMs);
      sidecar.session = await sidecar.#shakeHands(AbortSignal.any([signal, limit]));
      return sidecar;
    } catch (error) {
      await sidecar.#kill();
      signal.throwIfAborted();
      if (isRecord(error) && error["name"] === "TimeoutError") {
        const message = `the sidecar did not answer \`initialize\` within ${options.startTimeoutMs} ms`;
        throw new SidecarError("timedOut", message, { stderr: sidecar.#lastLines });
      }
      throw error;
    }
  }

  private constructor(options: SidecarOptions) {
    this.#options = options;
    this.#child = spawn(options.binary, ["sidecar", "--stdio", ...options.args], {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.ended = this.#watch();
    // A write to a process that has just ended fails; its end is reported separately.
    this.#child.stdin.on("error", () => {});
    createInterface(this.#child.stderr).on("line", (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
      options.onStderr(line);
    });
    const reader = new StreamMessageReader(this.#child.stdout);
    this.#connection = createMessageConnection(reader, new StreamMessageWriter(this.#child.stdin));
    this.#connection.onNotification(options.onNotification);
    this.#connection.onRequest("window/workDoneProgress/create", () => null);
    // Nobody is asked here; null is LSP's answer of a person who closed the question.
    this.#connection.onRequest("window/showMessageRequest", () => null);
    this.#connection.onError(() => {});
    this.#connection.onClose(() => {
      // One that is to end has a limit of its own.
      void settlesWithin(this.ended, LINGER_MS).then((hasEnded) => hasEnded || this.#isStopping || this.#child.kill("SIGKILL"));
    });
    this.#connection.listen();
  }

  /** Asks and waits for the answer. */
  request(method: string, params: unknown, signal?: AbortSignal): Promise<unknown> {
    const cancellation = new CancellationTokenSource();
    let onAbort = (): void => {};
    let fail = (_: Error): void => {};
    const answer = new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.#end) throw this.#end;
      fail = reject;
      this.#pending.add(fail);
      onAbort = () => {
        cancellation.cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#send(method, params, cancellation.token).then(resolve, (error: unknown) => {
        if (error instanceof ResponseError && !NO_ANSWER.includes(error.code)) {
          reject(new RequestError(method, error.code, error.message, error.data));
        }
        // Else the streams are closed. That the process has ended is known in a moment, says more, and rejects this.
      });
    });
    return answer.finally(() => {
      this.#pending.delete(fail);
      signal?.removeEventListener("abort", onAbort);
    });
  }

  /** Sends a notification; resolves when it is written. */
  async notify(method: string, params?: unknown): Promise<void> {
    const given = params === undefined ? [] : [params];
    try {
      await this.#connection.sendNotification(method, ...given);
    } catch {
      // Lost only when the process has ended, or is about to.
    }
  }

  /** Ends it as LSP says, then with the end of its stdin, then by force. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const shutdown = this.request("shutdown", undefined, AbortSignal.timeout(Math.min(SHUTDOWN_MS, this.#options.stopTimeoutMs)));
    await shutdown.then(() => this.notify("exit"), () => {});
    this.#child.stdin.end();
    if (!(await settlesWithin(this.ended, this.#options.stopTimeoutMs))) await this.#kill();
  }

  /** Never throws at once, as the library does when the streams are closed. */
  async #send(method: string, params: unknown, token: CancellationToken): Promise<unknown> {
    // The library makes a list of params that are not there.
    const given = params === undefined ? [] : [params];
    return this.#connection.sendRequest(method, ...given, token);
  }

  async #shakeHands(signal: AbortSignal): Promise<SessionInfo> {
    const { clientInfo, folders, initializationOptions, showsProgress } = this.#options;
    const capabilities = showsProgress ? { window: { workDoneProgress: true } } : {};
    const workspaceFolders = folders.map((folder) => ({ uri: pathToFileURL(folder).href, name: basename(folder) }));
    const result = await this.request(
      "initialize",
      {
        processId: process.pid,
        clientInfo,
        rootUri: null,
        ...(workspaceFolders.length === 0 ? {} : { workspaceFolders }),
        capabilities,
        initializationOptions,
      },
      signal,
    );
    const session = sessionOf(result);
    if (session?.protocolVersion !== PROTOCOL_VERSION) {
      const theirs = session ? `protocol ${session.protocolVersion}` : "another protocol";
      const message = `${this.#options.binary} speaks ${theirs}, this client protocol ${PROTOCOL_VERSION}; update the older one`;
      throw new SidecarError("incompatible", message);
    }
    void this.notify("initialized", {});
    return session;
  }

  async #watch(): Promise<SidecarError> {
    const closed = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    const how = await new Promise<{ text: string; cause?: Error }>((resolve) => {
      this.#child.once("error", (cause) => resolve({ text: `could not be started: ${cause.message}`, cause }));
      this.#child.once("exit", (code, signal) => {
        resolve({ text: signal ? `was ended by ${signal}` : `ended with code ${code}` });
      });
    });
    await settlesWithin(closed, DRAIN_MS);
    const [reason, stderr] = this.#isStopping ? (["stopped", []] as const) : (["crashed", this.#lastLines] as const);
    this.#end = new SidecarError(reason, `the sidecar ${how.text}`, { stderr: [...stderr], cause: how.cause });
    this.#connection.dispose();
    for (const fail of this.#pending) fail(this.#end);
    return this.#end;
  }

  async #kill(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}

function sessionOf(result: unknown): SessionInfo | undefined {
  let value = result;
  for (const name of ["capabilities", "experimental", "codexAccountManager"]) {
    value = isRecord(value) ? value[name] : undefined;
  }
  return isRecord(value) ? (value as unknown as SessionInfo) : undefined;
}

async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)));
  const settled = await Promise.race([promise.then(() => true), limit]);
  clearTimeout(timer);
  return settled;
}
