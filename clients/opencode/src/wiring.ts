// Leads the `openai` provider to the sidecar's proxy.

import type { CodexAccountManager } from "codex-account-manager";

import type { Config } from "./opencode.js";

/**
 * A variable of this process. OpenCode begins on the first provider of its list, and those with a variable that is set
 * come before its own; a key in `OPENAI_API_KEY` would do that too, and every program that OpenCode starts would have it.
 */
const MARK = "CODEX_ACCOUNT_MANAGER_PLUGIN";

// OpenCode copies its environment once, after this module is loaded.
process.env[MARK] = "1";

/** Whether the person lets OpenCode use OpenAI. */
export function isWanted({ disabled_providers, enabled_providers }: Config): boolean {
  return !disabled_providers?.includes("openai") && (enabled_providers?.includes("openai") ?? true);
}

/**
 * Sets the provider's options. The base URL and the key alone do not hold: a login that OpenCode has stored brings a
 * `fetch` of its own, which goes past any base URL. A `fetch` in the configuration wins over it.
 */
export function wire(config: Config, manager: CodexAccountManager): void {
  config.provider ??= {};
  const provider = (config.provider["openai"] ??= {});
  provider.env = [...(provider.env ?? ["OPENAI_API_KEY"]), MARK];
  provider.options = {
    ...provider.options,
    baseURL: manager.baseUrl,
    apiKey: manager.apiKey,
    fetch: proxied(manager),
  };
}

/**
 * A `fetch` to the proxy of now: its port and its key change with a restart of the sidecar. Everything else of the
 * request stays, above all the headers that name OpenCode's session. There is no other way out: without a sidecar the
 * request fails.
 */
export function proxied(manager: CodexAccountManager): typeof fetch {
  return async (input, init) => {
    const asked = input instanceof Request ? input : undefined;
    // Null takes the signal away, as it does for `fetch`.
    const signal = init?.signal === undefined ? asked?.signal : init.signal;
    let session;
    try {
      session = await manager.ready(signal ? { signal } : {});
    } catch (error) {
      signal?.throwIfAborted();
      return refusal(error instanceof Error ? error.message : String(error), "sidecar_unavailable");
    }
    const url = new URL(asked ? asked.url : input.toString());
    const proxy = new URL(session.proxy.baseUrl);
    url.protocol = proxy.protocol;
    url.host = proxy.host;
    const headers = new Headers(init?.headers ?? asked?.headers);
    headers.set("authorization", `Bearer ${session.proxy.apiKey ?? ""}`);
    const response = await fetch(asked ? new Request(url, asked) : url, { ...init, headers });
    const isFinal = response.status === 503 && response.headers.get("x-should-retry") === "false";
    return isFinal ? final(response) : response;
  };
}

/** The proxy's refusal where no account can serve, as long as nobody does something about it. */
async function final(response: Response): Promise<Response> {
  const body = (await response.json()) as { error: { message: string; code: string } };
  return refusal(body.error.message, body.error.code);
}

/**
 * In OpenAI's shape, so that OpenCode shows it. It tries again for a minute, and says nothing meanwhile, what has a status
 * of 500 or more or reads like an error of a server; this is neither.
 */
function refusal(message: string, code: string): Response {
  return Response.json({ error: { message, type: "codex_account_manager", param: null, code } }, { status: 424 });
}
