/** A clock for tests. Time passes only when the test says so. */

import { tick } from "../../../tests/support/tick.ts";

/** A monotonic clock, and the waits that it ends. */
export class FakeTime {
  #ms = 0;
  readonly #waits = new Set<{ readonly at: number; readonly end: () => void }>();

  readonly now = (): number => this.#ms;

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const wait = { at: this.#ms + ms, end: resolve };
      this.#waits.add(wait);
      signal.addEventListener("abort", () => {
        this.#waits.delete(wait);
        reject(signal.reason);
      }, { once: true });
    });

  /** Lets time pass. Each wait ends at its own time, and the code after it runs before the next one. */
  async pass(ms: number): Promise<void> {
    const until = this.#ms + ms;
    for (;;) {
      await tick();
      const at = Math.min(...this.#waits.values().map((wait) => wait.at));
      if (at > until) break;
      this.#ms = at;
      for (const wait of [...this.#waits]) {
        if (wait.at > at) continue;
        this.#waits.delete(wait);
        wait.end();
      }
    }
    this.#ms = until;
  }
}
