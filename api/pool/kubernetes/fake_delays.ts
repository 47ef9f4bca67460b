/** A fake delay: the test decides when each wait ends. */

import { tick } from "../../../tests/support/tick.ts";

/** Starts waits, and ends them when the test says so. */
export class FakeDelays {
  /** True when every wait ends without `pass`, a moment after it begins. */
  atOnce = false;
  /** Length of each wait, in milliseconds, in the order of the calls. */
  readonly asked: number[] = [];
  readonly #waiting = new Map<() => void, number>();

  readonly delay = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.asked.push(ms);
      const end = () => {
        this.#waiting.delete(end);
        resolve();
      };
      this.#waiting.set(end, ms);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      if (this.atOnce) setTimeout(end);
    });

  /** Ends all waits, or those of one length. Then gives the code after them time to run. */
  async pass(length?: number): Promise<void> {
    for (const [end, ms] of [...this.#waiting]) {
      if (length === undefined || ms === length) end();
    }
    await tick();
  }
}
