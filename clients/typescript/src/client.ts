// The client: one sidecar at a time, started again when it crashes, with everything typed by the generated protocol.

import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { abortable } from "./abortable.js";
import { BackOff, DEFAULT_POLICY, type RestartPolicy } from "./back_off.js";
import { findBinary } from "./binary.js";
import { isRecord, SidecarError } from "./errors.js";
import { guarded } from "./listeners.js";
import { Login } from "./login.js";
import type { AccountsLoginParams, Notifications, Requests, SessionInfo } from "./protocol.js";
import { Sidecar } from "./sidecar.js";

/** A sidecar starts in milliseconds; only one that hangs comes here. */
const START_MS = 10_000;

/** A sidecar that renews a token may take somewhat more than 10 s to end. */
const STOP_MS = 12_000;

/** How a client is made; nothing has to be given. */
export interface ClientOptions {
  /** The program: a path or a name on `PATH`. Without it `CAM_BINARY`, then `codex-account-manager` on `PATH`. */
  binary?: string;
  /** Further arguments, such as `["--strategy", "round_robin"]`. */
  args?: readonly string[];
  /** Its environment; this process's if left out. */
  env?: NodeJS.ProcessEnv;
  /** Its folder; this process's if left out. */
  cwd?: string;
  /** The folders that the agent works in, as absolute paths: the rules of projects for them hold. Its own folder if left out. */
  folders?: readonly string[];
  /**
   * The only accounts to use: groups, labels and ids, `!` before what is left out. It narrows what the rules of projects leave, and
   * never widens it.
   */
  accounts?: string | readonly string[];
  /** Who asks. */
  clientInfo?: { name: string; version?: string };
  /** Any configuration key by its TOML name, nested or dotted, and `masterKey`. */
  initializationOptions?: Record<string, unknown>;
  /** Takes each line the sidecar writes to stderr; without it they go to this process's stderr. */
  onStderr?: (line: string) => void;
  /** Takes the progress of requests that wait for an account; without it the sidecar sends none. */
  onProgress?: (progress: Progress) => void;
  /** What to do about crashes; `false` never starts it again. */
  restart?: Partial<RestartPolicy> | false;
  /** How long a start may take, 10 s if left out. */
  startTimeoutMs?: number;
  /** How long an end may take before it is forced, 12 s if left out: a token may be on its way to the disk. */
  stopTimeoutMs?: number;
}

/** A word to the person. */
export interface Message {
  level: "error" | "warning" | "info" | "log";
  text: string;
}

/** How a wait goes. */
export interface Progress {
  token: string;
  kind: "begin" | "report" | "end";
  title?: string;
  message?: string;
}

/** The events of a client: `client.on("session", (session) => …)`. */
export interface ClientEvents {
  /** A sidecar is ready. After a restart its port and its key are others. */
  session: [session: SessionInfo];
  /** The sidecar is gone; a new one comes in so many milliseconds. */
  crash: [error: SidecarError, restartInMs: number];
  /** It crashed too often and stays away. */
  gaveUp: [error: SidecarError];
  /** The sidecar has a word to the person. */
  message: [message: Message];
}

/** Params may be left out where nothing has to be said. */
type Arguments<P> = {} extends P ? [params?: P, options?: RequestOptions] : [params: P, options?: RequestOptions];

/** How a request, or a wait for the sidecar, is made. */
export interface RequestOptions {
  /** Cancels it. */
  signal?: AbortSignal;
}

const LEVELS = ["error", "warning", "info", "log"] as const;

/** Several OpenAI accounts as one: a sidecar with a proxy, and the questions it answers. */
export class CodexAccountManager extends EventEmitter<ClientEvents> implements AsyncDisposable {
  readonly #options: ClientOptions;
  readonly #backOff: BackOff;
  readonly #stop = new AbortController();
  readonly #listeners = new Map<string, Set<(params: unknown) => void>>();
  #sidecar: Promise<Sidecar> | undefined;
  #session: SessionInfo | undefined;
  #stopped: Promise<void> | undefined;

  /** Starts a sidecar; resolves when its proxy listens. */
  static async start(options: ClientOptions = {}): Promise<CodexAccountManager> {
    const client = new CodexAccountManager(options);
    await client.start();
    return client;
  }

  /** A client that has not started yet, for listeners that must miss nothing. */
  constructor(options: ClientOptions = {}) {
    super();
    this.#options = options;
    this.#backOff = new BackOff({ ...DEFAULT_POLICY, ...(options.restart || {}) });
  }

  /** Starts the sidecar. A first start that fails is not tried again: its reason will not go away by itself. */
  async start(): Promise<SessionInfo> {
    this.#sidecar ??= this.#launch();
    await this.#sidecar;
    return this.session;
  }

  /** The session in use. */
  get session(): SessionInfo {
    if (!this.#session) throw new SidecarError("notStarted", "the sidecar has not started; call `start` first");
    return this.#session;
  }

  /** For `OPENAI_BASE_URL`; another one after a restart. */
  get baseUrl(): string {
    return this.session.proxy.baseUrl;
  }

  /** For `OPENAI_API_KEY`; another one after a restart. */
  get apiKey(): string {
    return this.session.proxy.apiKey ?? "";
  }

  /**
   * The session in use, after the restart that may be under way. Rejects with `SidecarError` when there will be none.
   */
  async ready(options?: RequestOptions): Promise<SessionInfo> {
    await abortable(this.#running(), options?.signal);
    return this.session;
  }

  /** Asks. While the sidecar restarts this waits for the new one. */
  async request<M extends keyof Requests>(
    method: M,
    ...[params, options]: Arguments<Requests[M]["params"]>
  ): Promise<Requests[M]["result"]> {
    const sidecar = await abortable(this.#running(), options?.signal);
    return (await sidecar.request(method, params ?? {}, options?.signal)) as Requests[M]["result"];
  }

  /**
   * Begins the login of a ChatGPT account. Show the person its `url`, and its `userCode` where it has one, then wait for
   * `finished()`.
   */
  async login(params: AccountsLoginParams, options?: RequestOptions): Promise<Login> {
    const sidecar = await abortable(this.#running(), options?.signal);
    const issuing = {
      request: (method: string, asked: unknown) => sidecar.request(method, asked),
      onDidLogin: (listener: (result: Notifications["accounts/didLogin"]) => void) =>
        this.onNotification("accounts/didLogin", listener),
      ended: sidecar.ended,
    };
    return Login.begin(issuing, params, options?.signal);
  }

  /** Calls `listener` with every notification of that name, across restarts. */
  onNotification<N extends keyof Notifications>(name: N, listener: (params: Notifications[N]) => void): Disposable {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    // The map of notifications says what each name carries.
    const untyped = listener as (params: unknown) => void;
    listeners.add(untyped);
    return { [Symbol.dispose]: () => void listeners.delete(untyped) };
  }

  /** Ends the wait that a progress reports; its request is answered 429 at once. */
  async cancelProgress(token: string): Promise<void> {
    (await this.#running()).notify("window/workDoneProgress/cancel", { token });
  }

  /** Ends the sidecar and waits until it is gone. Calling it again, or never having started, does no harm. */
  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #running(): Promise<Sidecar> {
    if (this.#stop.signal.aborted) return Promise.reject(stopped());
    return this.#sidecar ?? Promise.reject(new SidecarError("notStarted", "the sidecar has not started; call `start` first"));
  }

  async #launch(): Promise<Sidecar> {
    const options = this.#options;
    const env = options.env ?? process.env;
    const sidecar = await Sidecar.start(
      {
        binary: findBinary(options.binary, env),
        args: options.args ?? [],
        env,
        cwd: options.cwd,
        clientInfo: options.clientInfo ?? { name: "codex-account-manager (Node.js)" },
        initializationOptions: {
          ...options.initializationOptions,
          ...(options.accounts === undefined ? {} : { accounts: options.accounts }),
        },
        folders: options.folders ?? [],
        showsProgress: options.onProgress !== undefined,
        startTimeoutMs: options.startTimeoutMs ?? START_MS,
        stopTimeoutMs: options.stopTimeoutMs ?? STOP_MS,
        onStderr: options.onStderr ?? ((line) => void process.stderr.write(`${line}\n`)),
        onNotification: (method, params) => this.#notified(method, params),
      },
      this.#stop.signal,
    );
    this.#session = sidecar.session;
    void sidecar.ended.then((end) => this.#ended(end));
    this.#emit("session", sidecar.session);
    return sidecar;
  }

  #ended(end: SidecarError): void {
    if (this.#stop.signal.aborted) return;
    this.#sidecar = this.#again(end);
    // The next request gets the failure; nobody has to ask.
    this.#sidecar.catch(() => {});
  }

  async #again(end: SidecarError): Promise<Sidecar> {
    let last: Error = end;
    for (;;) {
      const delay = this.#options.restart === false ? undefined : this.#backOff.crashed(Date.now());
      if (delay === undefined) throw this.#giveUp(last);
      this.#emit("crash", asSidecarError(last), delay);
      await sleep(delay, undefined, { signal: this.#stop.signal }).catch(() => {
        throw stopped();
      });
      try {
        return await this.#launch();
      } catch (error) {
        if (this.#stop.signal.aborted) throw stopped();
        last = error instanceof Error ? error : new Error(String(error));
      }
    }
  }

  #giveUp(last: Error): SidecarError {
    const { restart } = this.#options;
    const often = restart === false ? "and is not started again" : `${this.#backOff.count} times and stays away`;
    const message = `the sidecar crashed ${often}; run \`codex-account-manager doctor\` (${last.message})`;
    const error = new SidecarError("gaveUp", message, { cause: last });
    this.#emit("gaveUp", error);
    return error;
  }

  async #end(): Promise<void> {
    const sidecar = this.#sidecar;
    this.#stop.abort(stopped());
    // One that is only starting is ended by the signal.
    await sidecar?.then((running) => running.stop(), () => {});
  }

  #notified(method: string, params: unknown): void {
    if (method === "window/showMessage" && isRecord(params)) {
      const level = LEVELS[Number(params["type"]) - 1] ?? "log";
      this.#emit("message", { level, text: String(params["message"]) });
    } else if (method === "$/progress" && isRecord(params) && isRecord(params["value"])) {
      const { kind, title, message } = params["value"] as Omit<Progress, "token">;
      const words = { ...(title === undefined ? {} : { title }), ...(message === undefined ? {} : { message }) };
      guarded(() => this.#options.onProgress?.({ token: String(params["token"]), kind, ...words }));
    }
    for (const listener of this.#listeners.get(method) ?? []) guarded(() => listener(params));
  }

  /** Like `emit`, but for that a listener that throws takes nothing from the others nor from what goes on here. */
  #emit<K extends keyof ClientEvents>(name: K, ...words: ClientEvents[K]): void {
    for (const listener of this.rawListeners(name)) guarded(() => Reflect.apply(listener, this, words));
  }
}

function stopped(): SidecarError {
  return new SidecarError("stopped", "the client was stopped; start a new one");
}

function asSidecarError(error: Error): SidecarError {
  return error instanceof SidecarError ? error : new SidecarError("crashed", error.message, { cause: error });
}
