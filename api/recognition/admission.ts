/** Decides if there is room for a request: before its body is read, and while the body arrives. */

import type { WorkerPool } from "../../shared/pool/pool.ts";

/** Bounds of {@linkcode Admission}. */
export interface AdmissionLimits {
  /** Number of requests that may wait for a worker. */
  readonly queueLimit: number;
  /** Limit on the bytes that all admitted requests hold together. */
  readonly queueBytes: number;
  /** Bytes that a request holds in addition to its body; 256 KiB by default. */
  readonly bytesPerRequest?: number;
}

/** A request that was admitted. Dispose of it when the request is over. */
export interface Admitted extends Disposable {
  /**
   * Counts bytes of the body that have arrived.
   *
   * @throws {NoWorkerAvailable} when there is no room for them
   */
  arrived(bytes: number): void;
}

/**
 * Share of a request's time after which it stops waiting for a worker. The rest is for the worker. A
 * worker that is claimed too late is lost, and the client would get 504 instead of a Retry-After.
 */
export const QUEUE_SHARE = 0.8;

/** Measured memory of the buffers and streams of a request that waits for its body. */
const BYTES_PER_REQUEST = 256 * 1024;

/**
 * Counts the bytes that requests hold. The bytes of an upload count when they have arrived; its
 * declared length does not count. An upload takes a place in the queue only when it is complete. So
 * an upload that stalls does not block other requests.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { FakePool } from "../../shared/pool/fake_pool.ts";
 *
 * const limits = { queueLimit: 64, queueBytes: 1000, bytesPerRequest: 0 };
 * const admission = new Admission(new FakePool({ free: 1 }), limits);
 * {
 *   using upload = admission.admit(600);
 *   upload.arrived(600);
 *   assertThrows(() => admission.admit(401), Error, "Too many uploads are in progress");
 * }
 * using _next = admission.admit(401);
 * ```
 */
export class Admission {
  readonly #pool: Pick<WorkerPool, "stats" | "refusal">;
  readonly #limits: AdmissionLimits;
  #bytes = 0;

  /** @param pool The pool whose queue the requests will join */
  constructor(pool: Pick<WorkerPool, "stats" | "refusal">, limits: AdmissionLimits) {
    this.#pool = pool;
    this.#limits = limits;
  }

  /**
   * Admits a request.
   *
   * @param declaredBytes Length of the body that its headers declare; 0 when they declare none
   * @throws {NoWorkerAvailable} when there is no room
   */
  admit(declaredBytes: number): Admitted {
    const { queueLimit, queueBytes, bytesPerRequest = BYTES_PER_REQUEST } = this.#limits;
    const { free, waiters } = this.#pool.stats();
    if (free === 0 && waiters >= queueLimit) {
      throw this.#pool.refusal("All workers are busy and the queue is full");
    }
    let own = 0;
    const assertRoom = (bytes: number) => {
      // A request is always admitted when it is the only one. MAX_IMAGE_BYTES limits its body.
      if (this.#bytes > own && this.#bytes + bytes > queueBytes) {
        throw this.#pool.refusal("Too many uploads are in progress");
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
