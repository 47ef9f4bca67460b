/** Deletes pods in the background, and remembers which deletions failed. */

import { describeError } from "../../../shared/log.ts";
import type { Pod } from "./pod.ts";
import { meansPodIsGone } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";
import { Unfinished } from "./unfinished.ts";

/** The deletions of one replica. */
export class Deletions {
  readonly #services: PoolServices;
  readonly #exists: (pod: Pod) => boolean;
  readonly #running = new Unfinished();
  /** Uids of pods that still exist, because their deletion failed. The reaper retries. */
  readonly #failed = new Set<string>();

  /** @param exists True unless the watch has reported that the pod is gone */
  constructor(services: PoolServices, exists: (pod: Pod) => boolean) {
    this.#services = services;
    this.#exists = exists;
  }

  /** Starts the deletion of a pod. */
  start(pod: Pod): void {
    void this.#running.add(this.#delete(pod));
  }

  /** True when the deletion of a pod failed, and the pod is not gone yet. */
  hasFailed(pod: Pod): boolean {
    return this.#failed.has(pod.uid);
  }

  /** Forgets a pod that is gone. */
  forget(pod: Pod): void {
    this.#failed.delete(pod.uid);
  }

  /** Waits until no deletion is running. */
  ended(): Promise<void> {
    return this.#running.ended();
  }

  async #delete(pod: Pod): Promise<void> {
    const { name, uid } = pod;
    const { api, log, metrics } = this.#services;
    try {
      await api.delete(name, { uid });
    } catch (error) {
      if (meansPodIsGone(error)) return;
      metrics.deleteFailure();
      // A pod that is gone already is not reported again, so its uid would be kept forever.
      if (this.#exists(pod)) this.#failed.add(uid);
      log.warn({ worker: name, error: describeError(error) }, "worker not deleted");
    }
  }
}
