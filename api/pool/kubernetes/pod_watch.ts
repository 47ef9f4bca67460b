/** Follows what happens to the workers' pods, through every way in which a watch ends. */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError, type Logger } from "../../../shared/log.ts";
import type { PoolMetrics } from "../../metrics.ts";
import type { Pod } from "./pod.ts";
import { ApiError, type PodApi, type WatchEvent } from "./api_server/pod_api.ts";

/** Who is told what the watch sees. */
export interface PodObserver {
  /** These pods there are, and no others. */
  listed(pods: readonly Pod[]): void;
  seen(pod: Pod): void;
  gone(pod: Pod): void;
  /** Who owns claimed pods from now on; undefined: there is no such ConfigMap. */
  ownerIs(uid: string | undefined): void;
}

/** Settings and surroundings of {@linkcode watchPods}. */
export interface PodWatchOptions {
  readonly api: PodApi;
  readonly observer: PodObserver;
  readonly log: Logger;
  readonly metrics: Pick<PoolMetrics, "watchRestart">;
  /** 0 to 1. */
  readonly random: () => number;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };

/**
 * Lists the pods and watches from there on, until the signal aborts. A watch that ends goes on from
 * where it was, unless the server refused that: the version may be the reason. The owner is read
 * each time, for the garbage collector would delete what a stale one owns.
 */
export async function watchPods(options: PodWatchOptions, signal: AbortSignal): Promise<void> {
  const { api, observer, log, metrics, random, delay } = options;
  let resourceVersion: string | undefined;
  let failures = 0;
  const follow = (event: WatchEvent) => {
    if (event.kind === "opened") {
      if (failures > 0) log.info({ failures }, "pods are watched again");
      return;
    }
    // One that opens and breaks at once is still waited out.
    failures = 0;
    if (event.kind === "bookmark") {
      resourceVersion = event.resourceVersion;
    } else {
      resourceVersion = event.pod.resourceVersion;
      observer[event.kind](event.pod);
    }
  };
  while (!signal.aborted) {
    try {
      observer.ownerIs(await readOwner(api));
      if (resourceVersion === undefined) {
        const list = await api.list();
        observer.listed(list.pods);
        resourceVersion = list.resourceVersion;
      }
      await api.watch(resourceVersion, follow, signal);
      // Nothing happened for a while, or the server let it go: no failure.
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError) resourceVersion = undefined;
      failures++;
      metrics.watchRestart();
      log.warn({ error: describeError(error), failures }, "watch of the pods failed");
    }
    await delay(backoffMs(Math.max(failures, 1), BACKOFF, random()), signal).catch(() => {});
  }
}

async function readOwner(api: PodApi): Promise<string | undefined> {
  try {
    return await api.ownerUid();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
