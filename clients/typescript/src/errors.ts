// What can go wrong, as classes that say what to do.

import type { ErrorKind } from "./protocol.js";

/** JSON-RPC's own errors and that of LSP for a request that was cancelled; the product's are in `ERROR_CODES`. */
const JSON_RPC_KINDS = {
  [-32700]: "parseError",
  [-32600]: "invalidRequest",
  [-32601]: "methodNotFound",
  [-32602]: "invalidParams",
  [-32603]: "internal",
  [-32800]: "requestCancelled",
} as const;

/** An error that JSON-RPC itself has a code for, or one that this version does not know. */
export type JsonRpcErrorKind = (typeof JSON_RPC_KINDS)[keyof typeof JSON_RPC_KINDS] | "unknown";

/** The sidecar refused a request. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** The method that was asked. */
  readonly method: string;
  /** The JSON-RPC code. */
  readonly code: number;
  /** The word for the code. */
  readonly kind: ErrorKind | JsonRpcErrorKind;
  /** Whether the same request can work later without anybody acting. */
  readonly retryable: boolean;
  /** What to do; empty when there is nothing to say beyond the message. */
  readonly hint: string;

  constructor(method: string, code: number, message: string, data?: unknown) {
    super(message);
    const { kind, retryable, hint } = isRecord(data) ? data : {};
    const ownKind = (JSON_RPC_KINDS as Record<number, JsonRpcErrorKind>)[code] ?? "unknown";
    this.method = method;
    this.code = code;
    // The server takes its words from the table that `ErrorKind` is made from.
    this.kind = typeof kind === "string" ? (kind as ErrorKind) : ownKind;
    this.retryable = retryable === true;
    this.hint = typeof hint === "string" ? hint : "";
  }
}

/** A login ended without an account: it was denied, cancelled, or nobody came in time. Its message says what to do. */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** The program is not where it was looked for. */
export class BinaryNotFoundError extends Error {
  override readonly name = "BinaryNotFoundError";

  constructor(looked: readonly string[]) {
    const hint = "hint: install codex-account-manager, or set CAM_BINARY to the path of its program";
    super(["codex-account-manager was not found:", ...looked.map((line) => `  ${line}`), hint].join("\n"));
  }
}

/** Why there is no sidecar to ask. */
export type SidecarErrorReason = "crashed" | "gaveUp" | "incompatible" | "notStarted" | "stopped" | "timedOut";

/** There is no sidecar to ask. */
export class SidecarError extends Error {
  override readonly name = "SidecarError";
  readonly reason: SidecarErrorReason;
  /** The last lines it wrote to stderr. */
  readonly stderr: readonly string[];

  constructor(reason: SidecarErrorReason, message: string, options: { stderr?: readonly string[]; cause?: unknown } = {}) {
    const { stderr = [], cause } = options;
    const tail = stderr.length > 0 ? `; it last said:\n${stderr.map((line) => `  ${line}`).join("\n")}` : "";
    super(message + tail, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.stderr = stderr;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
