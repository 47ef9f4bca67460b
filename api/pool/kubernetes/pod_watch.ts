/** Watches the workers' pods. When a watch ends, normally or with an error, the next one starts. */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError } from "../../../shared/log.ts";
import type { Pod } from "./pod.ts";
import { ApiError, type WatchEvent } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";

/** Receives the pods that the watch sees. */
export interface PodObserver {
  /** Called with all pods that exist. A pod that is not in the list no longer exists. */
  listed(pods: readonly Pod[]): void;
  /** Called with a pod that is new or has changed. */
  seen(pod: Pod): void;
  /** Called with a pod that is gone. */
  gone(pod: Pod): void;
}

/** Receiver of {@linkcode watchPods}, and the services that it uses. */
export interface PodWatchOptions {
  readonly observer: PodObserver;
  readonly services: PoolServices;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };
const FAILURES_BEFORE_LIST = 5;

/**
 * Lists the pods, then watches them from the version of that list, until the signal aborts. The
 * next watch starts at the last version seen. After an error from the server, the pods are listed
 * again, because the server may have refused an old version. After several failures of any kind they
 * are listed again, too: an event that cannot be read would otherwise end every watch.
 */
export async function watchPods(
  { observer, services }: PodWatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const { api, log, metrics, random, delay } = services;
  let resourceVersion: string | undefined;
  let failures = 0;
  const follow = (event: WatchEvent) => {
    if (event.kind === "opened") {
      if (failures > 0) log.info({ failures }, "pods are watched again");
      return;
    }
    // Do not reset this at "opened": the wait must also grow when a watch opens and then fails.
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
      if (resourceVersion === undefined) {
        const list = await api.list();
        observer.listed(list.pods);
        resourceVersion = list.resourceVersion;
      }
      await api.watch(resourceVersion, follow, signal);
      // The watch ended normally: nothing happened for a time, or the server closed it.
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      if (error instanceof ApiError || failures >= FAILURES_BEFORE_LIST) {
        resourceVersion = undefined;
      }
      metrics.watchRestart();
      log.warn({ error: describeError(error), failures }, "watch of the pods failed");
    }
    await delay(backoffMs(Math.max(failures, 1), BACKOFF, random()), signal).catch(() => {});
  }
}
