// Words to the person. OpenCode loses toasts until its screen listens, so the first ones are kept until something
// happens in a session.

import { attempt } from "./journal.js";
import type { OpenCodeClient, Toast } from "./opencode.js";

/** More than these before the first session event would be a wall nobody reads. */
const KEPT = 5;

export class Toasts {
  readonly #client: OpenCodeClient;
  #kept: Toast[] | undefined = [];

  constructor(client: OpenCodeClient) {
    this.#client = client;
  }

  /** Shows a toast, now or once there is somebody to see it. */
  show(variant: Toast["variant"], message: string): void {
    const toast: Toast = { title: "OpenAI accounts", message, variant, duration: variant === "error" ? 15_000 : 6_000 };
    if (this.#kept) this.#kept = [...this.#kept, toast].slice(-KEPT);
    else this.#send(toast);
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
