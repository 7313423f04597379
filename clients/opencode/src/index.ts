// Several OpenAI accounts in OpenCode as if they were one: a sidecar for this process, the `openai` provider led to
// its proxy, two tools, and a word to the person when something changes.

import { CodexAccountManager, findBinary, type Account } from "codex-account-manager";

import { headers } from "./headers.js";
import { logTo } from "./journal.js";
import { KnownAccounts, login } from "./login.js";
import { limited } from "./limited.js";
import { keepLoopback } from "./loopback.js";
import { Models } from "./models.js";
import type { Hooks, PluginInput } from "./opencode.js";
import { Toasts } from "./toasts.js";
import { tools, words } from "./tools.js";
import { isWanted, wire } from "./wiring.js";

/** OpenCode waits for the start: whatever happens, it goes on after this. */
const START_MS = 8_000;

/** How long the first look at the accounts may take. */
const LOOK_MS = 2_000;

/** OpenCode waits for the end, too: after this the sidecar, which may have a token to write, ends by itself. */
const STOP_MS = 3_000;

/** What may stand beside the plugin in OpenCode's configuration. */
interface Options {
  /** No toasts but of what keeps the plugin from working. */
  quietMode?: boolean;
  /** The path of the program, where it is neither in `CAM_BINARY` nor on `PATH`. */
  binary?: string;
  /** The only accounts to use: groups, labels and ids. It narrows what the rules of projects leave. */
  accounts?: string | string[];
  /** Any configuration key of the sidecar, such as `routing.strategy`. */
  settings?: Record<string, unknown>;
}

async function server({ client, directory }: PluginInput, options: Options = {}): Promise<Hooks> {
  const log = logTo(client);
  const toasts = new Toasts(client);
  const event: Hooks["event"] = async ({ event }) => toasts.saw(event.type);
  keepLoopback(process.env);

  const settings = { ...options.settings, ...(options.quietMode ? { "notifications.quiet": true } : {}) };
  let manager: CodexAccountManager;
  let binary: string;
  try {
    binary = findBinary(options.binary, process.env);
    manager = new CodexAccountManager({
      binary,
      clientInfo: { name: "opencode" },
      folders: [directory],
      ...(options.accounts === undefined ? {} : { accounts: options.accounts }),
      initializationOptions: settings,
      onStderr: (line) => log("warn", line),
      startTimeoutMs: START_MS,
    });
    listen(manager, toasts, log);
    await manager.start();
  } catch (error) {
    // OpenCode goes on as if the plugin were not there, and says so.
    log("error", words(error));
    toasts.show("error", `${words(error)}\nOpenCode uses its own OpenAI login or key meanwhile.`);
    return { event };
  }

  const models = new Models(manager, log, toasts);
  const known = new KnownAccounts();
  manager.onNotification("accounts/didChange", () => void known.refresh(manager).catch(() => {}));
  let trouble: string | undefined;
  try {
    trouble = atStart(await limited(LOOK_MS, (signal) => known.refresh(manager, signal)));
  } catch (error) {
    log("warn", words(error));
    trouble = `The accounts could not be read: ${words(error)}`;
  }
  return {
    event,
    config: async (config) => {
      if (!isWanted(config)) return log("info", "OpenCode's configuration leaves OpenAI out; nothing is led to the proxy");
      wire(config, manager);
      await models.begin(config);
      if (trouble) toasts.show("warning", trouble);
    },
    tool: tools(manager),
    auth: login(manager, known, binary, toasts),
    provider: models.hook,
    "chat.headers": headers,
    "experimental.provider.small_model": models.small,
    dispose: () => within(STOP_MS, manager.stop()),
  };
}

/** Passes on what the sidecar has to say. */
function listen(manager: CodexAccountManager, toasts: Toasts, log: ReturnType<typeof logTo>): void {
  manager.on("message", ({ level, text }) => {
    log(level === "error" || level === "warning" ? "warn" : "info", text);
    toasts.show(level === "log" ? "info" : level, text);
  });
  manager.on("crash", (error, delay) => log("warn", `${error.message}; started again in ${delay} ms`));
  manager.on("gaveUp", (error) => {
    log("error", error.message);
    toasts.show("error", error.message);
  });
  let waitsUntil = 0;
  manager.onNotification("routing/didWait", ({ until }) => {
    // OpenCode asks several things at once: one word for all that wait together.
    const isKnown = Date.now() < waitsUntil;
    waitsUntil = Math.max(waitsUntil, until);
    if (isKnown) return;
    void isQuiet(manager).then((quiet) => {
      const time = new Date(until).toLocaleTimeString();
      if (!quiet) toasts.show("warning", `The request waits for an account, until ${time} at the latest`);
    });
  });
}

/** The same promise, left when it takes longer; what it is about goes on. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

/** Its own messages the sidecar silences itself; the plugin's follow the same switch, wherever it was set. */
async function isQuiet(manager: CodexAccountManager): Promise<boolean> {
  try {
    const { values } = await manager.request("config/read");
    return values.some(({ key, value }) => key === "notifications.quiet" && value === true);
  } catch {
    return false;
  }
}

/** What the person has to know before the first request. */
function atStart(accounts: readonly Account[]): string | undefined {
  if (accounts.length === 0) {
    return "There is no OpenAI account yet; add one with `opencode auth login` or `codex-account-manager add LABEL`";
  }
  const locked = accounts.filter((account) => account.state === "locked");
  if (locked.length === 0) return undefined;
  const which = locked.length === accounts.length ? "Every account is" : `${locked.length} of the accounts are`;
  return `${which} locked; set CAM_MASTER_KEY or CAM_MASTER_KEY_FILE to the key they were sealed with, then start OpenCode again`;
}

export default { id: "codex-account-manager", server };
