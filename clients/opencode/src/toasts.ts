// Words to the person. OpenCode loses toasts until its screen listens, so the first ones are kept until something
// happens in a session.

import { attempt } from "./journal.js";
import type { OpenCodeClient, Toast } from "./opencode.js";

/** More than these before the first session event would be a wall nobody reads. */
const KEPT = 5;

/** When OpenCode has said its own words of a failure. */
const AFTERWARDS_MS = 500;

export class Toasts {
  readonly #client: OpenCodeClient;
  #kept: Toast[] | undefined = [];

  constructor(client: OpenCodeClient) {
    this.#client = client;
  }

  /** Shows a toast, now or once there is somebody to see it. */
  show(variant: Toast["variant"], message: string): void {
    const toast = made(variant, message);
    if (this.#kept) this.#kept = [...this.#kept, toast].slice(-KEPT);
    else this.#send(toast);
  }

  /** Shows what became of something that the person waits for: the screen listens, or there is none. */
  answer(variant: Toast["variant"], message: string): void {
    const toast = made(variant, message);
    this.#send(toast);
    // OpenCode says in its own words that something failed, a moment later and in the same place.
    if (variant === "error") setTimeout(() => this.#send(toast), AFTERWARDS_MS).unref();
  }

  /** Takes OpenCode's events. */
  saw(type: string): void {
    if (!this.#kept || !/^(session|message)\./.test(type)) return;
    const kept = this.#kept;
    this.#kept = undefined;
    for (const toast of kept) this.#send(toast);
  }

  #send(toast: Toast): void {
    void attempt(() => this.#client.tui.showToast({ body: toast }));
  }
}

function made(variant: Toast["variant"], message: string): Toast {
  return { title: "OpenAI accounts", message, variant, duration: variant === "error" ? 15_000 : 6_000 };
}
