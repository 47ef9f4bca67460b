/** Waits for tests that end when the test says so. */

/** Hands out waits and ends them all at once. */
export class FakeDelays {
  /** Whether every wait ends by itself soon. */
  atOnce = false;
  /** How long each wait was to be, in milliseconds. */
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

  /** Ends all waits, and lets everything happen that needs no more time. */
  async pass(): Promise<void> {
    for (const end of [...this.#waiting]) end();
    await settle();
  }
}

/** Lets everything happen that needs no more time. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
