// Which logins are under way, and how they end. A login can end before the answer to its start was read.

import type { AccountsDidLoginParams } from "../../typescript/src/protocol.ts";

/** Past its own end a login may still exchange its code: after this nothing comes any more. */
const OVERDUE = 60_000;

/** The longest time a timer of Node.js can take. */
const LONGEST_TIMER = 2 ** 31 - 1;

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

  /** The process that would have reported it is gone. */
  endAll(error: string): void {
    this.#ended.clear();
    for (const loginId of [...this.#waiting.keys()]) {
      this.end({ loginId, error });
    }
  }

  /** How the login of that id ends, which is abandoned at that time. */
  async wait(loginId: string, expiresAt: number): Promise<AccountsDidLoginParams> {
    const late = "The result of the login was not reported; look at the accounts";
    const left = Math.min(Math.max(expiresAt - Date.now(), 0) + OVERDUE, LONGEST_TIMER);
    const timer = setTimeout(() => this.end({ loginId, error: late }), left);
    try {
      return await this.#ending(loginId);
    } finally {
      clearTimeout(timer);
    }
  }

  #ending(loginId: string): Promise<AccountsDidLoginParams> {
    const ended = this.#ended.get(loginId);
    if (ended !== undefined) {
      this.#ended.delete(loginId);
      return Promise.resolve(ended);
    }
    return new Promise((resolve) => this.#waiting.set(loginId, resolve));
  }
}
