/**
 * Deletes pods that nothing else would delete. Every replica runs a reaper. It does no harm when
 * two reapers delete the same pod.
 */

import { describeError } from "../../../shared/log.ts";
import { readClaim } from "./claim.ts";
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
  readonly services: PoolServices;
}

/** Half of the interval is random, so that replicas do not all reap at the same time. */
const INTERVAL_MS = 2000;
/** Tolerance for replicas with clocks that are wrong by a second or two. */
const GRACE_MS = 3000;

/**
 * Returns the reason to delete a pod, or undefined when the pod should stay. The age of a pod is
 * never a reason, but the deadline that a claim has written on the pod is.
 *
 * @param pod The pod as it was last seen
 * @param now Time of the API server's clock, in milliseconds since 1970
 * @param replica Name of the replica that asks
 * @param view That replica's view of the pods
 */
export function reapReason(
  pod: Pod,
  now: number,
  replica: string,
  view: ReaperView,
): ReapReason | undefined {
  if (pod.deleting) return undefined;
  if (view.isUndeleted(pod)) return "delete_failed";
  if (hasEnded(pod)) return "ended";
  const claim = readClaim(pod);
  if (claim === undefined) return undefined;
  if (now > claim.deadline + GRACE_MS) return "past_deadline";
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

async function reap({ view, replica, services }: ReaperOptions): Promise<void> {
  const { api, log, metrics } = services;
  for (const pod of [...view.pods()]) {
    const reason = reapReason(pod, api.now(), replica, view);
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
      if (error instanceof ConnectionError) return;
    }
  }
}
