/** Removes pods that nobody will remove otherwise. Every replica has one; deleting twice is harmless. */

import { describeError, type Logger } from "../../../shared/log.ts";
import type { PoolMetrics } from "../../metrics.ts";
import { readClaim } from "./claim.ts";
import { hasEnded, type Pod } from "./pod.ts";
import { ConnectionError, isGone, type PodApi } from "./api_server/pod_api.ts";

/** Why a pod is removed. */
export type ReapReason = "past_deadline" | "ended" | "lost_track" | "delete_failed";

/** What a replica knows of the pods. */
export interface ReaperView {
  pods(): Iterable<Pod>;
  /** This replica means to use it. */
  isTaken(pod: Pod): boolean;
  /** This replica tried in vain to delete it. */
  isUndeleted(pod: Pod): boolean;
}

/** Settings and surroundings of {@linkcode runReaper}. */
export interface ReaperOptions {
  readonly api: PodApi;
  readonly view: ReaperView;
  /** This replica, as its claims say. */
  readonly replica: string;
  readonly log: Logger;
  readonly metrics: Pick<PoolMetrics, "reaped" | "deleteFailure">;
  /** 0 to 1. */
  readonly random: () => number;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Half of it is random, so that replicas do not all reap at once. */
const INTERVAL_MS = 2000;
/** The clock of this replica, or of the one that claimed, may be wrong by a second or two. */
const GRACE_MS = 3000;

/**
 * Why a pod should go, if it should. Its age never is a reason: only the deadline that its claim
 * has written on it.
 *
 * @param pod As it was last seen
 * @param now Milliseconds since 1970 of the API server's clock
 * @param replica Whose view it is
 * @param view What that replica knows
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

/** Looks at all pods every few seconds, until the signal aborts. */
export async function runReaper(options: ReaperOptions, signal: AbortSignal): Promise<void> {
  const { random, delay, log } = options;
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

async function reap({ api, view, replica, log, metrics }: ReaperOptions): Promise<void> {
  for (const pod of [...view.pods()]) {
    const reason = reapReason(pod, api.now(), replica, view);
    if (reason === undefined) continue;
    try {
      await api.delete(pod.name, { uid: pod.uid });
      metrics.reaped(reason);
      log.warn({ worker: pod.name, reason }, "worker reaped");
    } catch (error) {
      if (isGone(error)) continue;
      metrics.deleteFailure();
      log.warn({ worker: pod.name, reason, error: describeError(error) }, "worker not reaped");
      // The others would fare no better.
      if (error instanceof ConnectionError) return;
    }
  }
}
