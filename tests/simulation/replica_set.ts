/** How fast the pool's ReplicaSet makes pods for those that were claimed. */

import type { RateLimit } from "./rate_limit.ts";
import type { Timeline } from "./timeline.ts";

/**
 * The ReplicaSet controller for one ReplicaSet (kubernetes/pkg/controller/replicaset): whenever a
 * pod changes it syncs, one sync at a time. A sync creates the pods that are missing at that
 * moment, one call each, and then writes the status, one more.
 */
export class ReplicaSet {
  readonly #timeline: Timeline;
  readonly #limit: RateLimit;
  readonly #createPod: () => void;
  #missing = 0;
  #changed = false;
  #syncing = false;

  constructor(timeline: Timeline, limit: RateLimit, createPod: () => void) {
    this.#timeline = timeline;
    this.#limit = limit;
    this.#createPod = createPod;
  }

  /** A pod was claimed, and no longer belongs to it. */
  podLeft(): void {
    this.#missing++;
    this.podChanged();
  }

  /** A pod of it was created, or became Ready. */
  podChanged(): void {
    this.#changed = true;
    if (!this.#syncing) this.#sync();
  }

  #sync(): void {
    const missing = this.#missing;
    this.#missing = 0;
    this.#changed = false;
    this.#syncing = true;
    for (let i = 0; i < missing; i++) {
      this.#call(() => {
        this.#createPod();
        this.podChanged();
      });
    }
    this.#call(() => {
      this.#syncing = false;
      if (this.#changed) this.#sync();
    });
  }

  #call(answered: () => void): void {
    this.#timeline.after(this.#limit.take(this.#timeline.now), answered);
  }
}
