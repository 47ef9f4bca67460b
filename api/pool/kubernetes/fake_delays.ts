/** A fake delay: the test decides when each wait ends. */

import { tick } from "../../../tests/support/tick.ts";

/** Starts waits, and ends them all together. */
export class FakeDelays {
  /** True when every wait ends without `pass`, a moment after it begins. */
  atOnce = false;
  /** Length of each wait, in milliseconds, in the order of the calls. */
  readonly asked: number[] = [];
  readonly #waiting = new Set<() => void>();

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.asked.push(ms);
      const end = () => {
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.add(end);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (this.atOnce) setTimeout(end);
    });

  /** Ends all waits, then gives the code after them time to run. */
  async pass(): Promise<void> {
    for (const end of [...this.#waiting]) end();
    await tick();
  }
}
