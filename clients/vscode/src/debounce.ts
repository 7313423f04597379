// Many reasons to look again, one look: it waits a little for more of them, and never runs twice at once.

export interface Timers {
  set(action: () => void, milliseconds: number): unknown;
  clear(timer: unknown): void;
}

export const realTimers: Timers = {
  set: (action, milliseconds) => setTimeout(action, milliseconds),
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

export class Debounced {
  #timer: unknown;
  #running = false;
  #again = false;
  #disposed = false;

  constructor(
    private readonly action: () => Promise<void>,
    private readonly milliseconds: number,
    private readonly timers: Timers = realTimers,
  ) {}

  /** Asks for a look. The first asking sets the time, so that a stream of them cannot put it off for ever. */
  ask(): void {
    if (this.#running) {
      this.#again = true;
    } else if (this.#timer === undefined && !this.#disposed) {
      this.#timer = this.timers.set(() => void this.#run(), this.milliseconds);
    }
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#timer !== undefined) {
      this.timers.clear(this.#timer);
      this.#timer = undefined;
    }
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#running = true;
    this.#again = false;
    try {
      await this.action();
    } finally {
      this.#running = false;
      if (this.#again) {
        this.ask();
      }
    }
  }
}
