// What a failed request says to a person.

import type { ErrorData } from "../../typescript/src/protocol.ts";

/** The message, and the server's hint when it has one. */
export function errorText(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = errorData(error)?.hint;
  return hint === undefined || hint === "" ? message : `${message}. Hint: ${hint}`;
}

/** `data` of an error that the server answered. */
export function errorData(error: unknown): ErrorData | undefined {
  const data = error instanceof Error && "data" in error ? error.data : undefined;
  return typeof data === "object" && data !== null && "hint" in data ? (data as ErrorData) : undefined;
}
