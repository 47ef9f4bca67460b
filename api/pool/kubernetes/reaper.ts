/**
 * Deletes pods that nothing else would delete. Every replica runs a reaper. It does no harm when
 * two reapers delete the same pod.
 */

import { describeError } from "../../../shared/log.ts";
import { CLOCK_SKEW_MS, readClaim } from "./claim.ts";
import { hasEnded, type Pod } from "./pod.ts";
import { ConnectionError, meansPodIsGone } from "./api_server/pod_api.ts";
import type { PoolServices } from "./services.ts";

/** The reason why a pod is deleted. */
export type ReapReason = "past_deadline" | "ended" | "lost_track" | "delete_failed";

/** A replica's view of the pods. */
export interface ReaperView {
  pods(): Iterable<Pod>;
  /** True when this replica uses the pod, or will use it soon. */
  isTaken(pod: Pod): boolean;
  /** True when this replica tried to delete the pod and failed. */
  isUndeleted(pod: Pod): boolean;
}

/** Settings of {@linkcode runReaper}, and the services that it uses. */
export interface ReaperOptions {
  readonly view: ReaperView;
  /** Name of this replica in its claims. */
  readonly replica: string;
  /** Milliseconds that a request may last. */
  readonly requestTimeoutMs: number;
  readonly services: PoolServices;
}

/** Half of the interval is random, so that replicas do not all reap at the same time. */
const INTERVAL_MS = 2000;
/** Most failed deletions in one check, so that a broken API server is not flooded with them. */
const MAX_FAILURES = 5;

/**
 * Returns the reason to delete a pod, or undefined when the pod should stay. The age of a pod is
 * never a reason, but the deadline that a claim has written on the pod is. The deadline comes from
 * the clock of the API server that another replica uses. So the pod stays for the time of a request,
 * and for the largest skew of clocks, after the deadline.
 *
 * @param pod The pod as it was last seen
 * @param now Time of the API server's clock, in milliseconds since 1970
 * @param replica Name of the replica that asks
 * @param requestTimeoutMs Milliseconds that a request may last
 * @param view That replica's view of the pods
 */
export function reapReason(
  pod: Pod,
  now: number,
  replica: string,
  requestTimeoutMs: number,
  view: ReaperView,
): ReapReason | undefined {
  if (pod.deleting) return undefined;
  if (view.isUndeleted(pod)) return "delete_failed";
  if (hasEnded(pod)) return "ended";
  const claim = readClaim(pod);
  if (claim === undefined) return undefined;
  if (now > claim.deadline + requestTimeoutMs + CLOCK_SKEW_MS) return "past_deadline";
  return claim.by === replica && !view.isTaken(pod) ? "lost_track" : undefined;
}

/** Checks all pods every few seconds, until the signal aborts. */
export async function runReaper(options: ReaperOptions, signal: AbortSignal): Promise<void> {
  const { random, delay, log } = options.services;
  while (!signal.aborted) {
    await delay(INTERVAL_MS * (0.5 + random() / 2), signal).catch(() => {});
    if (signal.aborted) return;
    try {
      await reap(options);
    } catch (error) {
      log.warn({ error: describeError(error) }, "reaper failed");
    }
  }
}

async function reap(options: ReaperOptions): Promise<void> {
  const { view, replica, requestTimeoutMs, services } = options;
  const { api, log, metrics, random } = services;
  const pods = [...view.pods()];
  // Begins at another pod each time, so that pods whose deletion fails do not delay the others.
  const first = Math.floor(random() * pods.length);
  let failures = 0;
  for (const pod of [...pods.slice(first), ...pods.slice(0, first)]) {
    const reason = reapReason(pod, api.now(), replica, requestTimeoutMs, view);
    if (reason === undefined) continue;
    try {
      await api.delete(pod.name, { uid: pod.uid });
      metrics.reaped(reason);
      log.warn({ worker: pod.name, reason }, "worker reaped");
    } catch (error) {
      if (meansPodIsGone(error)) continue;
      metrics.deleteFailure();
      log.warn({ worker: pod.name, reason, error: describeError(error) }, "worker not reaped");
      // Other deletions would fail, too.
      if (error instanceof ConnectionError || ++failures >= MAX_FAILURES) return;
    }
  }
}
