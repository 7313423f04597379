// How long to wait before a crashed sidecar is started again, and when to leave it.

/** What a client does about crashes. */
export interface RestartPolicy {
  /** The crash within the window that it gives up at. */
  crashes: number;
  /** The window, in milliseconds. */
  windowMs: number;
  /** The wait after the first crash; each further one in the window doubles it. */
  firstDelayMs: number;
  /** The longest wait. */
  longestDelayMs: number;
}

/** Editors give up at the fifth crash in three minutes, too. */
export const DEFAULT_POLICY: RestartPolicy = {
  crashes: 5,
  windowMs: 180_000,
  firstDelayMs: 250,
  longestDelayMs: 10_000,
};

/** Remembers the crashes of the window. */
export class BackOff {
  readonly #policy: RestartPolicy;
  #crashes: number[] = [];

  constructor(policy: RestartPolicy) {
    this.#policy = policy;
  }

  /** Takes a crash at `now`, in milliseconds; how long to wait, or `undefined` when it is one too many. */
  crashed(now: number): number | undefined {
    const { crashes, windowMs, firstDelayMs, longestDelayMs } = this.#policy;
    this.#crashes = [...this.#crashes.filter((at) => now - at < windowMs), now];
    if (this.#crashes.length >= crashes) return undefined;
    return Math.min(firstDelayMs * 2 ** (this.#crashes.length - 1), longestDelayMs);
  }

  /** The crashes of the window so far. */
  get count(): number {
    return this.#crashes.length;
  }
}
