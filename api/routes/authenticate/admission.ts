/** Decides, before a body is read and while it arrives, whether there is room for one more request. */

import type { NoWorkerAvailable } from "../../pool/pool.ts";

/** Bounds of {@linkcode Admission}. */
export interface AdmissionOptions {
  /** Whether a request that has its body now finds neither a worker nor a place in the queue. */
  readonly queueFull: () => boolean;
  /** Bytes that all admitted requests may hold together. */
  readonly maxBytes: number;
  /** Bytes that a request holds beside its body. */
  readonly bytesPerRequest: number;
  /** The refusal of one request too many. */
  readonly refuse: (detail: string) => NoWorkerAvailable;
}

/** A request that was let in; dispose it when the request is over. */
export interface Admitted extends Disposable {
  /**
   * So much more of its body is here.
   *
   * @throws {NoWorkerAvailable} when that is too much
   */
  arrived(bytes: number): void;
}

/**
 * Counts the bytes that requests hold. An upload counts by what has arrived and not by what it
 * declares, nor has it a place in the queue before it is whole: those that stall keep nobody out.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  #bytes = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Lets a request in.
   *
   * @param declaredBytes What its body will bring, as far as that is known
   * @throws {NoWorkerAvailable} when there is no room
   */
  admit(declaredBytes: number): Admitted {
    const { queueFull, maxBytes, bytesPerRequest, refuse } = this.#options;
    if (queueFull()) throw refuse("All workers are busy and the queue is full");
    let own = 0;
    const assertRoom = (bytes: number) => {
      // A lone request is let in whatever it brings: its own limit is checked elsewhere.
      if (this.#bytes > own && this.#bytes + bytes > maxBytes) {
        throw refuse("Too many bytes are on their way already");
      }
    };
    const take = (bytes: number) => {
      own += bytes;
      this.#bytes += bytes;
    };
    assertRoom(bytesPerRequest + declaredBytes);
    take(bytesPerRequest);
    return {
      arrived: (bytes) => {
        assertRoom(bytes);
        take(bytes);
      },
      [Symbol.dispose]: () => {
        this.#bytes -= own;
        own = 0;
      },
    };
  }
}
