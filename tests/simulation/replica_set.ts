/** The speed at which the pool's ReplicaSet replaces claimed pods. */

import type { RateLimit } from "./rate_limit.ts";
import type { Timeline } from "./timeline.ts";

/**
 * The ReplicaSet controller for one ReplicaSet (kubernetes/pkg/controller/replicaset). It syncs
 * whenever a pod changes, one sync at a time. A sync creates the pods that are missing when it
 * begins, with one call for each pod. Then it writes the status, with one more call.
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

  /** Called when a pod is claimed, so that it leaves the ReplicaSet. */
  podLeft(): void {
    this.#missing++;
    this.podChanged();
  }

  /** Called when a pod of the ReplicaSet is created or becomes Ready. */
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
