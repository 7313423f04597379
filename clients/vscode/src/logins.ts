// Which logins are under way, and how they end. A login can end before the answer to its start was read.

import type { AccountsDidLoginParams } from "../../typescript/src/protocol.ts";

export class Logins {
  readonly #ended = new Map<string, AccountsDidLoginParams>();
  readonly #waiting = new Map<string, (ended: AccountsDidLoginParams) => void>();

  /** `accounts/didLogin` came. */
  end(params: AccountsDidLoginParams): void {
    const waiting = this.#waiting.get(params.loginId);
    if (waiting === undefined) {
      this.#ended.set(params.loginId, params);
    } else {
      this.#waiting.delete(params.loginId);
      waiting(params);
    }
  }

  /** The process that would have told is gone. */
  endAll(error: string): void {
    this.#ended.clear();
    for (const loginId of [...this.#waiting.keys()]) {
      this.end({ loginId, error });
    }
  }

  /** How the login of that id ends. */
  wait(loginId: string): Promise<AccountsDidLoginParams> {
    const ended = this.#ended.get(loginId);
    if (ended !== undefined) {
      this.#ended.delete(loginId);
      return Promise.resolve(ended);
    }
    return new Promise((resolve) => this.#waiting.set(loginId, resolve));
  }
}
