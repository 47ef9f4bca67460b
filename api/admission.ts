/** Decides, before a body is read, whether there is room for one more request. */

import type { NoWorkerAvailable } from "./pool/pool.ts";

/** Bounds of {@linkcode Admission}. */
export interface AdmissionOptions {
  /** Requests that may be without a worker: being read, or waiting. */
  readonly maxPending: () => number;
  /** Bytes that the bodies of all admitted requests may have together. */
  readonly maxBytes: number;
  /** The refusal of one request too many. */
  readonly refuse: (detail: string) => NoWorkerAvailable;
}

/** A request that was let in; dispose it when the request is over. */
export interface Admitted extends Disposable {
  /** It has a worker now, and its place is free for another. */
  claimed(): void;
}

/** Counts the requests that are let in and the bytes that they may bring. */
export class Admission {
  readonly #options: AdmissionOptions;
  #pending = 0;
  #bytes = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Lets a request in.
   *
   * @param bytes What its body may bring at most
   * @throws {NoWorkerAvailable} when there is no room
   */
  admit(bytes: number): Admitted {
    const { maxPending, maxBytes, refuse } = this.#options;
    if (this.#pending >= maxPending()) {
      throw refuse("All workers are busy and the queue is full");
    }
    // A lone request is let in whatever it declares: its own limit has been checked.
    if (this.#bytes > 0 && this.#bytes + bytes > maxBytes) {
      throw refuse("Too many bytes are on their way already");
    }
    this.#pending++;
    this.#bytes += bytes;
    let pending = true, over = false;
    const claimed = () => {
      if (pending) this.#pending--;
      pending = false;
    };
    return {
      claimed,
      [Symbol.dispose]: () => {
        claimed();
        if (!over) this.#bytes -= bytes;
        over = true;
      },
    };
  }
}
