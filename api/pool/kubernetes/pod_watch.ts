/** Watches the workers' pods. Continues after every end of a watch, normal or not. */

import { backoffMs } from "../../../shared/backoff.ts";
import { describeError } from "../../../shared/log.ts";
import type { Pod } from "./pod.ts";
import { ApiError, type PodApi, type WatchEvent } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";

/** Receives what the watch sees. */
export interface PodObserver {
  /** Called with all pods that exist. Other pods are gone. */
  listed(pods: readonly Pod[]): void;
  /** Called with a pod that is new or has changed. */
  seen(pod: Pod): void;
  /** Called with a pod that is gone. */
  gone(pod: Pod): void;
}

/** Receivers of {@linkcode watchPods}, and the services that it uses. */
export interface PodWatchOptions {
  readonly observer: PodObserver;
  /** Called with the uid of the ConfigMap that owns claimed pods; undefined when it is missing. */
  readonly onOwner: (uid: string | undefined) => void;
  readonly services: PoolServices;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };

/**
 * Lists the pods and watches them from there, until the signal aborts. The next watch starts at the
 * last version seen. After an error from the server the pods are listed again, because the version
 * may be the reason. The owner is read before each watch: the garbage collector deletes pods whose
 * owner no longer exists.
 */
export async function watchPods(
  { observer, onOwner, services }: PodWatchOptions,
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
    // Not at "opened": a watch that opens and fails at once must back off, too.
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
      onOwner(await readOwner(api));
      if (resourceVersion === undefined) {
        const list = await api.list();
        observer.listed(list.pods);
        resourceVersion = list.resourceVersion;
      }
      await api.watch(resourceVersion, follow, signal);
      // A normal end: nothing happened for a time, or the server closed the watch.
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
