// Leads the `openai` provider to the sidecar's proxy.

import type { CodexAccountManager } from "codex-account-manager";

import type { Config } from "./opencode.js";

/**
 * Sets the provider's options. The base URL and the key alone do not hold: a login that OpenCode has stored brings a
 * `fetch` of its own, which goes past any base URL. A `fetch` in the configuration wins over it.
 */
export function wire(config: Config, manager: CodexAccountManager): void {
  config.provider ??= {};
  const provider = (config.provider["openai"] ??= {});
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
      return refusal(error);
    }
    const url = new URL(asked ? asked.url : input.toString());
    const proxy = new URL(session.proxy.baseUrl);
    url.protocol = proxy.protocol;
    url.host = proxy.host;
    const headers = new Headers(init?.headers ?? asked?.headers);
    headers.set("authorization", `Bearer ${session.proxy.apiKey ?? ""}`);
    return fetch(asked ? new Request(url, asked) : url, { ...init, headers });
  };
}

/** In OpenAI's shape, so that OpenCode shows it; with a status that it does not try again. */
function refusal(error: unknown): Response {
  const message = error instanceof Error ? error.message : String(error);
  const body = { error: { message, type: "codex_account_manager", param: null, code: "sidecar_unavailable" } };
  return Response.json(body, { status: 424 });
}
