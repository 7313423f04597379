// Provisional: this file is written by `codex-account-manager schema`; do not edit it by hand.

export const PROTOCOL_VERSION = 1;

/** One account. No secret, and no part of one, has a place here. */
export interface Account {
  /** The stable id. */
  id: string;
  /** 1-based. */
  index: number;
  /** How people call it. */
  label: string;
  /** How it authenticates. */
  kind: AccountKind;
  /** The login's email. */
  email?: string | null;
  /** The provider's id of the account. */
  accountId?: string | null;
  /** The plan of a ChatGPT login. */
  plan?: string | null;
  /** Where its requests go, when not to the default. */
  baseUrl?: string | null;
  /** Whether its owner wants it used. */
  enabled: boolean;
  /** Higher is preferred by the strategies that look at it. */
  priority: number;
  /** The model patterns it is kept for; none means every model. */
  models: string[];
  /** Whether it is the current one: over RPC this session's, on the command line the file's. */
  active: boolean;
  /** The families it is the current one for. */
  activeFamilies: string[];
  /** How it stands. */
  state: AccountState;
  /** Why, in words. */
  reason?: string | null;
  /** When it can serve again by itself, in unix milliseconds. */
  availableAt?: number | null;
  /** The limits that hold now. */
  rateLimits: RateLimit[];
  /** The quota windows of a ChatGPT login. */
  quota: QuotaWindow[];
  /** What it used, in every process of this machine. */
  usage?: AccountUsage;
  /** Its spending limits. */
  limits: SpendingLimits;
  /** When it was added, in unix milliseconds. */
  addedAt: number;
  /** When it last served, in unix milliseconds. */
  lastUsedAt?: number | null;
  /** The live sessions that use it. */
  sessions: AccountSession[];
}

/** How many accounts there are. */
export interface AccountCounts {
  /** All of them. */
  total: number;
  /** Those that can serve now. */
  available: number;
}

/** How an account authenticates. */
export type AccountKind = "apiKey" | "chatgpt";

/** An account by all its names. */
export interface AccountReference {
  /** The stable id. */
  id: string;
  /** 1-based. */
  index: number;
  /** How people call it. */
  label: string;
}

/** Which account: a 1-based number, or an id, label or email. */
export type AccountSelector = number | string;

/** A live session that uses an account. */
export interface AccountSession {
  /** The session's id. */
  id: string;
  /** Its process. */
  pid: number;
}

/** How an account stands: the first of these that holds. */
export type AccountState = "disabled" | "locked" | "needsLogin" | "overLimit" | "rateLimited" | "coolingDown" | "circuitOpen" | "ready";

/** What an account used, in every process of this machine. */
export interface AccountUsage {
  /** Since the last local midnight. */
  today: UsageTotals;
  /** Since the month began, in local time. */
  month: UsageTotals;
}

/** A new API-key account. */
export interface AccountsAddParams {
  /** 1 to 64 characters, no control characters, not all digits, unique. */
  label: string;
  /** The key; it is sealed before it reaches the disk and never shown again. */
  apiKey: string;
  /** Another upstream that speaks OpenAI's API: https, or http on this machine. */
  baseUrl?: string | null;
  /** Sent as `OpenAI-Organization`. */
  organization?: string | null;
  /** Sent as `OpenAI-Project`. */
  project?: string | null;
  /** Higher is preferred; 0 if left out. */
  priority?: number | null;
  /** The model patterns it is kept for. */
  models?: string[] | null;
  /** USD per day. */
  dailyLimitUsd?: number | null;
  /** USD per month. */
  monthlyLimitUsd?: number | null;
}

/** Accounts changed. */
export interface AccountsDidChangeParams {
  /** The accounts file's revision. */
  revision: number;
  /** Who changed them. */
  cause: ChangeCause;
  /** The ids of the accounts that were added, changed or removed. */
  accounts: string[];
}

/** `accounts/list` takes nothing. */
export type AccountsListParams = Record<string, never>;

/** Every account. */
export interface AccountsListResult {
  /** The accounts file's revision. */
  revision: number;
  /** The 1-based number of the file's active account; 0 when there is no account. */
  activeIndex: number;
  /** The same per family. */
  activeIndexByFamily: { [key: string]: number };
  /** In the order of the file. */
  accounts: Account[];
}

/** Which account to read. */
export interface AccountsReadParams {
  /** The account. */
  account: AccountSelector;
}

/** Which account to remove. */
export interface AccountsRemoveParams {
  /** The account. */
  account: AccountSelector;
}

/** The account as it was. */
export interface AccountsRemoveResult {
  /** The account as it was. */
  removed: Account;
}

/** Which account to switch to. */
export interface AccountsSwitchParams {
  /** The account; null takes the pin back. It has to be said: an absent one is an error. */
  account: number | string;
  /** For this family alone; without it for all. */
  family?: string | null;
  /** How far it reaches. */
  scope?: SwitchScope | null;
}

/** Where a switch led. */
export interface AccountsSwitchResult {
  /** The account that is current now; null when there is none. */
  account?: Account | null;
  /** The id of the one that was current before. */
  previous?: string | null;
}

/** What to change; a field that is absent stays, null clears it. */
export interface AccountsUpdateParams {
  /** The account. */
  account: AccountSelector;
  /** A new label. */
  label?: string | null;
  /** A new key; it also ends `needsLogin`. */
  apiKey?: string | null;
  /** Needs the key in the same call, so that a stored key is never sent to a new address. */
  baseUrl?: string | null;
  /** Sent as `OpenAI-Organization`. */
  organization?: string | null;
  /** Sent as `OpenAI-Project`. */
  project?: string | null;
  /** Null is 0. */
  priority?: number | null;
  /** Null is every model. */
  models?: string[] | null;
  /** USD per day. */
  dailyLimitUsd?: number | null;
  /** USD per month. */
  monthlyLimitUsd?: number | null;
  /** Whether its owner wants it used. */
  enabled?: boolean | null;
}

/** Who changed accounts. */
export type ChangeCause = "self" | "sibling" | "file";

/** `config/read` takes nothing. */
export type ConfigReadParams = Record<string, never>;

/** Every effective value. */
export interface ConfigReadResult {
  /** In the order of the table of keys. */
  values: ConfigValue[];
}

/** One effective value. */
export interface ConfigValue {
  /** Its dotted name. */
  key: string;
  /** The value; a secret one is `****`. */
  value: unknown;
  /** `session`, `flag`, `initializationOptions`, `environment`, `toml`, `json` or `default`. */
  source: string;
  /** The request, flag, variable, or file and line. */
  location?: string | null;
}

/** `data` of an error. */
export interface ErrorData {
  /** The word of the table; `invalidParams` and `internal` for JSON-RPC's own. */
  kind: string;
  /** Whether the same call can work later without anybody acting. */
  retryable: boolean;
  /** What to do. */
  hint: string;
}

/** The proxy's address. */
export interface ProxyInfo {
  /** Always a loopback address. */
  host: string;
  /** Chosen by the system. */
  port: number;
  /** For `OPENAI_BASE_URL`; ends in `/v1`. */
  baseUrl: string;
  /** For `OPENAI_API_KEY`; only in the initialize result, never in a notification. */
  apiKey?: string | null;
}

/** One quota window, named by its length. */
export interface QuotaWindow {
  /** Such as `5h` or `week`. */
  name: string;
  /** 0 to 100. */
  usedPercent: number;
  /** Its length in seconds. */
  windowSeconds: number;
  /** When it begins anew, in unix milliseconds. */
  resetAt: number;
}

/** One limit that holds now. */
export interface RateLimit {
  /** The family. */
  family: string;
  /** The one model it is for, when not for the whole family. */
  model?: string | null;
  /** When it ends, in unix milliseconds. */
  resetAt: number;
}

/** What an answer took. */
export interface RequestUsage {
  /** What went in. */
  inputTokens: number;
  /** The part of the input that came from the cache. */
  cachedInputTokens: number;
  /** What came out. */
  outputTokens: number;
  /** The part of the output that was reasoning. */
  reasoningTokens: number;
}

/** How one account stands to a request. */
export interface RoutingCandidate {
  /** The account's id. */
  account: string;
  /** Whether it can serve the request. */
  eligible: boolean;
  /** Why not: names of states, `modelNotInScope` and `notServed`. */
  reasons: string[];
  /** The number the strategy compares accounts by, if it compares one. */
  score?: number | null;
}

/** A request was answered to its end. */
export interface RoutingDidFinishParams {
  /** The request, as in the response's `x-request-id`. */
  requestId: string;
  /** The status the client got; 499 when it left before the end. */
  status: number;
  /** The id of the account that answered; absent when none did. */
  account?: string | null;
  /** What the answer took; absent when it did not say so. */
  usage?: RequestUsage | null;
  /** What that cost, in USD; absent when the model has no price. */
  costUsd?: number | null;
  /** From the request's arrival to its end, in milliseconds. */
  durationMs: number;
  /** From the request's arrival to the first byte of the answer, in milliseconds. */
  firstByteMs?: number | null;
}

/** An account was chosen for an attempt of a request. */
export interface RoutingDidSelectParams {
  /** The request, as in the response's `x-request-id`. */
  requestId: string;
  /** The account's id. */
  account: string;
  /** The model the request names. */
  model?: string | null;
  /** Its family. */
  family: string;
  /** 1 for the first account that is tried. */
  attempt: number;
  /** `bound`, `pinned`, `sticky`, `failover`, `first`, `round_robin`, `least_utilized`, `priority` or `hybrid`. */
  why: string;
}

/** A request waits until an account is free. */
export interface RoutingDidWaitParams {
  /** The request; progress about it has this token. */
  requestId: string;
  /** Until when at most, in unix milliseconds. */
  until: number;
}

/** Which request. */
export interface RoutingExplainParams {
  /** The model it names; none if left out. */
  model?: string | null;
  /** The conversation it belongs to, as `prompt_cache_key` names it; the stand-alone proxy looks at it. */
  conversation?: string | null;
}

/** What routing would decide now. */
export interface RoutingExplainResult {
  /** The strategy in force. */
  strategy: string;
  /** The model's family. */
  family: string;
  /** The id of the account that the request would get; absent when none can serve. */
  chosen?: string | null;
  /** Every account, in the order of the file. */
  candidates: RoutingCandidate[];
  /** When none can serve: when the first one can again by itself, in unix milliseconds. */
  availableAt?: number | null;
}

/** Which strategy, and for whom. */
export interface RoutingSetStrategyParams {
  /** `sticky`, `round_robin`, `least_utilized`, `priority` or `hybrid`; `-` is as good as `_`. */
  strategy: string;
  /** This session, or also `config.toml`, which every running process follows. */
  scope?: SwitchScope | null;
}

/** The strategy in force. */
export interface RoutingSetStrategyResult {
  /** Its name. */
  strategy: string;
}

/** A session that is alive. */
export interface Session {
  /** Its id. */
  id: string;
  /** Its process. */
  pid: number;
  /** What it is. */
  kind: SessionKind;
  /** Its proxy's port. */
  port: number;
  /** In unix milliseconds. */
  startedAt: number;
  /** Where it started. */
  startAccount?: AccountReference | null;
  /** The id of its current account per family. */
  accounts: { [key: string]: string };
  /** Whether it is the one that answers. */
  self: boolean;
}

/** The second door. */
export interface RpcInfo {
  url: string;
  webSocketUrl: string;
  token?: string;
}

/** Who a session is. */
export interface SessionIdentity {
  /** Its id in the accounts file. */
  id: string;
  /** Its process. */
  pid: number;
  /** Where it started; null when there is no usable account. */
  startAccount?: AccountReference | null;
}

/** The product's part of the initialize result. */
export interface SessionInfo {
  /** Grows when a client has to know. */
  protocolVersion: number;
  /** Where to send requests. */
  proxy: ProxyInfo;
  /** The same methods over HTTP and WebSocket. */
  rpc: RpcInfo;
  /** Who this session is. */
  session: SessionIdentity;
}

/** What kind of process a session is. */
export type SessionKind = "sidecar" | "run" | "proxy";

/** Spending limits in USD. */
export interface SpendingLimits {
  /** Per day, local time. */
  dailyUsd?: number | null;
  /** Per month, local time. */
  monthlyUsd?: number | null;
}

/** `status/read` takes nothing. */
export type StatusReadParams = Record<string, never>;

/** This session, its proxy, and every session that is alive. */
export interface StatusReadResult {
  /** This session. */
  session: SessionIdentity;
  /** Its proxy, the key left out. */
  proxy: ProxyInfo;
  /** The strategy in force. */
  strategy: string;
  /** Every session that is alive. */
  sessions: Session[];
  /** How many accounts there are. */
  accounts: AccountCounts;
}

/** How far a switch of the account or of the strategy reaches. */
export type SwitchScope = "session" | "everywhere";

/** By what usage is summed. */
export type UsageBy = "account" | "model" | "day";

/** Of which days, and summed by what. */
export interface UsageReadParams {
  /** Today and the days before it: 1 to 400, 30 if left out. */
  days?: number | null;
  /** By account if left out. */
  by?: UsageBy | null;
}

/** What was used. */
export interface UsageReadResult {
  /** In the order of what they are summed by. What nothing was used of has no row. */
  rows: UsageRow[];
}

/** What one account, model or day used. */
export interface UsageRow {
  /** The account's id, when summed by account. It may be gone by now. */
  account?: string | null;
  /** The model, when summed by model; absent for requests that named none. */
  model?: string | null;
  /** The local day, such as `2026-11-21`, when summed by day. */
  day?: string | null;
  /** Requests that were served. */
  requests: number;
  /** What went in. */
  inputTokens: number;
  /** The part of the input that came from the cache. */
  cachedInputTokens: number;
  /** What came out. */
  outputTokens: number;
  /** What that cost in USD, as far as its models have a price. */
  costUsd: number;
  /** How many of the requests are not in the cost: their model has no price. */
  unpriced: number;
}

/** Sums of requests. */
export interface UsageTotals {
  /** Requests that were served. */
  requests: number;
  /** What went in. */
  inputTokens: number;
  /** The part of the input that came from the cache. */
  cachedInputTokens: number;
  /** What came out. */
  outputTokens: number;
  /** What that cost in USD, as far as its models have a price. */
  costUsd: number;
}

/** Which login. */
export interface AccountsLoginParams {
  method: "browser" | "device";
  label?: string;
}

/** Where the person goes. */
export interface AccountsLoginResult {
  loginId: string;
  url: string;
  userCode?: string;
  expiresAt: number;
}

export interface AccountsCancelLoginParams {
  loginId: string;
}

export type AccountsCancelLoginResult = Record<string, never>;

/** A login ended. */
export interface AccountsDidLoginParams {
  loginId: string;
  account?: Account;
  error?: string;
}

/** A command of an editor. */
export interface ExecuteCommandParams {
  command: string;
  arguments?: unknown[];
}

/** Every request: what it takes and what it answers. */
export interface Requests {
  /** Lists every account with its state. */
  "accounts/list": { params: AccountsListParams; result: AccountsListResult };
  /** Reads one account. */
  "accounts/read": { params: AccountsReadParams; result: Account };
  /** Switches to an account and pins it; a null account takes the pin back. */
  "accounts/switch": { params: AccountsSwitchParams; result: AccountsSwitchResult };
  /** Adds an API-key account. */
  "accounts/add": { params: AccountsAddParams; result: Account };
  /** Changes fields of an account; null clears one. */
  "accounts/update": { params: AccountsUpdateParams; result: Account };
  /** Removes an account. */
  "accounts/remove": { params: AccountsRemoveParams; result: AccountsRemoveResult };
  /** Tells which account a request would get now, and how every account stands to that. */
  "routing/explain": { params: RoutingExplainParams; result: RoutingExplainResult };
  /** Changes how accounts are chosen, in this session or everywhere. */
  "routing/setStrategy": { params: RoutingSetStrategyParams; result: RoutingSetStrategyResult };
  /** Tells this session, its proxy and every session that is alive. */
  "status/read": { params: StatusReadParams; result: StatusReadResult };
  /** Tells what was used and what it cost, by account, model or day. */
  "usage/read": { params: UsageReadParams; result: UsageReadResult };
  /** Tells every effective configuration value and where it came from. */
  "config/read": { params: ConfigReadParams; result: ConfigReadResult };
  "accounts/login": { params: AccountsLoginParams; result: AccountsLoginResult };
  "accounts/cancelLogin": { params: AccountsCancelLoginParams; result: AccountsCancelLoginResult };
  "workspace/executeCommand": { params: ExecuteCommandParams; result: string | null };
}

/** Every notification: what it carries. */
export interface Notifications {
  /** The proxy is listening; sent once, after `initialized`. */
  "proxy/ready": SessionInfo;
  /** Accounts changed, here or in a sibling. */
  "accounts/didChange": AccountsDidChangeParams;
  /** An account was chosen for an attempt of a request. */
  "routing/didSelect": RoutingDidSelectParams;
  /** A request waits until an account is free. */
  "routing/didWait": RoutingDidWaitParams;
  /** A request was answered to its end. */
  "routing/didFinish": RoutingDidFinishParams;
  "accounts/didLogin": AccountsDidLoginParams;
}

/** The product's own error codes, beside those of JSON-RPC. */
export const ERROR_CODES = {
  accountNotFound: -32010,
  ambiguousAccount: -32011,
  locked: -32012,
  storeBusy: -32013,
  storeUnreadable: -32014,
  loginFailed: -32015,
  upstreamFailed: -32016,
  noAccountAvailable: -32017,
  conflict: -32018,
} as const;

export type ErrorKind = keyof typeof ERROR_CODES;
