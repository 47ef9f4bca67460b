/** A fake gallery process for tests. */

import { FakeProcess } from "../../shared/process/fake_process.ts";
import type { StartedProcess } from "../../shared/process/start_process.ts";

/** A process that runs until it is asked to end, is killed, or the test ends it. */
export class FakeGalleryProcess extends FakeProcess implements StartedProcess {
  /** Number of times that it was asked to end. */
  terminations = 0;
  readonly #obeys: boolean;

  constructor(url: string, { obeys = true }: { readonly obeys?: boolean } = {}) {
    super(url);
    this.#obeys = obeys;
  }

  terminate(): void {
    this.terminations++;
    if (this.#obeys) this.die();
  }
}
