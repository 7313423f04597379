// A login that is under way: what the person has to see, and how it ends.

import { abortable } from "./abortable.js";
import type { RequestOptions } from "./client.js";
import { LoginError, RequestError } from "./errors.js";
import type { Account, AccountsDidLoginParams, AccountsLoginParams, AccountsLoginResult } from "./protocol.js";

/** Past its own end a login may still exchange its code: after this nothing comes any more. */
const OVERDUE_MS = 60_000;

/** The longest time a timer of Node.js can take. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The sidecar that a login belongs to. Another one knows nothing of it. */
export interface Issuing {
  request(method: string, params: unknown): Promise<unknown>;
  onDidLogin(listener: (params: AccountsDidLoginParams) => void): Disposable;
  /** Resolves when its process has ended. */
  ended: Promise<Error>;
}

/** A login that waits for its person. */
export class Login {
  readonly id: string;
  /** The page to open. */
  readonly url: string;
  /** What to type there; only of a device login. */
  readonly userCode: string | undefined;
  /** When it times out, in unix milliseconds. */
  readonly expiresAt: number;

  readonly #sidecar: Issuing;
  readonly #account: Promise<Account>;

  /** Begins one. */
  static async begin(sidecar: Issuing, params: AccountsLoginParams, signal?: AbortSignal): Promise<Login> {
    signal?.throwIfAborted();
    // From before it is asked for: it may end before the answer is read.
    const ends = new Ends(sidecar);
    const begun = sidecar.request("accounts/login", params).then(
      (result) => new Login(sidecar, ends, result as AccountsLoginResult),
      (error: unknown) => {
        ends.close();
        throw error;
      },
    );
    try {
      return await abortable(begun, signal);
    } catch (error) {
      // It may begin all the same, and nobody would know its name.
      void begun.then((login) => login.cancel()).catch(() => {});
      throw error;
    }
  }

  private constructor(sidecar: Issuing, ends: Ends, { loginId, url, userCode, expiresAt }: AccountsLoginResult) {
    this.#sidecar = sidecar;
    this.id = loginId;
    this.url = url;
    this.userCode = userCode;
    this.expiresAt = expiresAt;
    this.#account = this.#end(ends);
    // A caller that never asks for the result need not see a failure.
    this.#account.catch(() => {});
  }

  /**
   * The account, once the person has logged in. Rejects with `LoginError` when the login was denied, cancelled or came
   * too late, with `SidecarError` when the sidecar ended meanwhile. A signal that aborts gives the login up.
   */
  async finished({ signal }: RequestOptions = {}): Promise<Account> {
    try {
      return await abortable(this.#account, signal);
    } catch (error) {
      if (signal?.aborted) void this.cancel().catch(() => {});
      throw error;
    }
  }

  /** Gives it up. One that has ended already stays as it ended. */
  async cancel(): Promise<void> {
    try {
      await this.#sidecar.request("accounts/cancelLogin", { loginId: this.id });
    } catch (error) {
      if (!(error instanceof RequestError && error.kind === "loginFailed")) throw error;
    }
  }

  async #end(ends: Ends): Promise<Account> {
    const { account, error } = await ends.of(this.id, this.expiresAt + OVERDUE_MS);
    if (account === undefined) throw new LoginError(error ?? "the login failed");
    return (await this.#sidecar.request("accounts/read", { account })) as Account;
  }
}

/** Hears how logins of one sidecar end. */
class Ends {
  readonly #sidecar: Issuing;
  readonly #received = new Map<string, AccountsDidLoginParams>();
  readonly #listener: Disposable;
  #report: (params: AccountsDidLoginParams) => void = () => {};

  constructor(sidecar: Issuing) {
    this.#sidecar = sidecar;
    this.#listener = sidecar.onDidLogin((params) => {
      this.#received.set(params.loginId, params);
      this.#report(params);
    });
  }

  /** How that one ends; a word that was missed is not waited for beyond `until`. */
  async of(loginId: string, until: number): Promise<AccountsDidLoginParams> {
    let timer: NodeJS.Timeout | undefined;
    const reported = new Promise<AccountsDidLoginParams>((resolve) => {
      const received = this.#received.get(loginId);
      if (received) resolve(received);
      this.#report = (params) => params.loginId === loginId && resolve(params);
    });
    const late = new Promise<AccountsDidLoginParams>((resolve) => {
      const wait = Math.min(Math.max(until - Date.now(), 0), LONGEST_TIMER_MS);
      timer = setTimeout(() => resolve({ loginId, error: "the result of the login was not reported; look at the accounts" }), wait);
    });
    const gone = this.#sidecar.ended.then((error) => Promise.reject(error));
    try {
      return await Promise.race([reported, late, gone]);
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }

  close(): void {
    this.#listener[Symbol.dispose]();
  }
}
