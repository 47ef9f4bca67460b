/** A fake gallery process for tests. No process is started. */

import type { StartedProcess } from "../process/start_process.ts";

/** A process that runs until it is asked to end, is killed, or the test ends it. */
export class FakeGalleryProcess implements StartedProcess {
  readonly url: URL;
  readonly ended: Promise<void>;
  /** Number of times that it was killed. */
  kills = 0;
  /** Number of times that it was asked to end. */
  terminations = 0;
  readonly #obeys: boolean;
  readonly #end: () => void;

  constructor(url: string, { obeys = true }: { readonly obeys?: boolean } = {}) {
    this.url = new URL(url);
    this.#obeys = obeys;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  kill(): void {
    this.kills++;
    this.#end();
  }

  terminate(): void {
    this.terminations++;
    if (this.#obeys) this.#end();
  }

  /** Ends the process, as if it had died. */
  die(): void {
    this.#end();
  }
}
