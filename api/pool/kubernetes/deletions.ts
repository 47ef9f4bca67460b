/** Deletes pods in the background and remembers where that failed. */

import { describeError, type Logger } from "../../../shared/log.ts";
import type { PoolMetrics } from "../../metrics.ts";
import type { Pod } from "./pod.ts";
import { isGone, type PodApi } from "./api_server/pod_api.ts";

/** Surroundings of {@linkcode Deletions}. */
export interface DeletionsOptions {
  readonly api: PodApi;
  readonly log: Logger;
  readonly metrics: Pick<PoolMetrics, "deleteFailure">;
}

/** The deletions of one replica. */
export class Deletions {
  readonly #options: DeletionsOptions;
  readonly #running = new Set<Promise<void>>();
  /** By uid, until the pod is gone: the reaper tries again. */
  readonly #failed = new Set<string>();

  constructor(options: DeletionsOptions) {
    this.#options = options;
  }

  /** Begins to delete a pod. */
  begin(pod: Pod): void {
    const running = this.#delete(pod).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Whether the deletion of a pod failed. */
  hasFailed(pod: Pod): boolean {
    return this.#failed.has(pod.uid);
  }

  /** A pod is gone, whoever deleted it. */
  forget(pod: Pod): void {
    this.#failed.delete(pod.uid);
  }

  /** Waits until none is on its way. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #delete({ name, uid }: Pod): Promise<void> {
    const { api, log, metrics } = this.#options;
    try {
      await api.delete(name, { uid });
    } catch (error) {
      if (isGone(error)) return;
      metrics.deleteFailure();
      this.#failed.add(uid);
      log.warn({ worker: name, error: describeError(error) }, "worker not deleted");
    }
  }
}
