// Accounts to look at. Times are of one fixed noon, in the machine's own time zone.

import type { Account, Session, SessionInfo } from "../../typescript/src/protocol.ts";
import type { View } from "../src/view.ts";

export const NOON = new Date(2026, 10, 21, 12, 0).getTime();
export const MINUTE = 60_000;

export function account(index: number, changes: Partial<Account> = {}): Account {
  return {
    id: `id-${index}`,
    index,
    label: `account-${index}`,
    kind: "apiKey",
    enabled: true,
    priority: 0,
    models: [],
    groups: [],
    active: index === 1,
    activeFamilies: [],
    state: "ready",
    rateLimits: [],
    quota: [],
    meters: [],
    usage: { today: totals(0, 0, 0), month: totals(12, 36_400, 0.125) },
    limits: {},
    addedAt: NOON,
    sessions: [],
    ...changes,
  };
}

export function totals(requests: number, tokens: number, costUsd: number) {
  return { requests, inputTokens: tokens, cachedInputTokens: 0, outputTokens: 0, costUsd };
}

export const SESSION: SessionInfo = {
  protocolVersion: 1,
  proxy: { host: "127.0.0.1", port: 41234, baseUrl: "http://127.0.0.1:41234/v1", apiKey: "proxy-key" },
  rpc: { url: "http://127.0.0.1:41234/rpc", webSocketUrl: "ws://127.0.0.1:41234/rpc" },
  session: { id: "own", pid: 7, startAccount: { id: "id-1", index: 1, label: "account-1" } },
};

export function running(...accounts: Account[]): View {
  return { phase: "running", session: SESSION, accounts };
}

export function session(id: string, pid: number, changes: Partial<Session> = {}): Session {
  const common = { kind: "sidecar" as const, port: 41234, startedAt: NOON, accounts: {}, requestsPerMinute: 0, pins: [] };
  return { id, pid, ...common, self: id === "own", ...changes };
}
