/** Asks pods that have started whether they are ready, because the kubelet reports it later. */

import type { ReadyClient } from "./ready_client.ts";
import { acceptsRequests, hasStarted, haveSameTemplate, type Pod, podUrl } from "./pod.ts";
import type { PoolServices } from "./services.ts";
import { Unfinished } from "./unfinished.ts";

/** Settings of {@linkcode EarlyPods}, and the event that it reports. */
export interface EarlyPodsOptions {
  readonly workers: ReadyClient;
  readonly workerPort: number;
  /** Called with a pod that has said that it is ready, or that it no longer is. */
  readonly onChange: (pod: Pod) => void;
  readonly services: Pick<PoolServices, "log" | "now" | "delay">;
}

/** An unclaimed pod that the kubelet has not reported as ready. */
interface StartingPod {
  pod: Pod;
  ip: string;
  /** Ends the questions; undefined while the pod is not asked. */
  asking: AbortController | undefined;
}

/** Least time between two questions of this replica, to any pods: 100 questions a second. */
const TURN_MS = 10;
/**
 * Shortest and longest pause between an answer of a pod and the next question to it. A pod that is
 * ready is asked after the longest one.
 */
const PAUSE_MS = { least: 50, most: 2000 };
/**
 * Part of the time since the first question to a pod that its next pause takes. So the answer comes
 * late by a tenth at most, and a pod that never becomes ready is asked seldom.
 */
const PAUSE_PART = 0.1;

/**
 * Keeps the unclaimed pods that have an address, and asks them until they end, or the kubelet reports
 * that they are ready. From then on, only the kubelet's report counts. A pod that has said that it is
 * ready is still asked: the kubelet would never report that it died before the first probe.
 *
 * Only pods of the template of the newest pod that the kubelet has reported as ready are asked until
 * they are ready. So the kubelet decides if a new template is good, and starting pods that a rollout
 * removes are not asked.
 */
export class EarlyPods {
  readonly #options: EarlyPodsOptions;
  /** The other maps and sets use the uid, too. */
  readonly #starting = new Map<string, StartingPod>();
  /**
   * Addresses of the pods that have said last that they are ready. The kubelet's report does not
   * remove a pod before it says that the pod is no longer ready.
   */
  readonly #ready = new Map<string, string>();
  /** Pods that the kubelet has reported as ready at some time. */
  readonly #reported = new Set<string>();
  readonly #running = new Unfinished();
  #newestReported: Pod | undefined;
  #nextTurn = -Infinity;
  #isClosed = false;

  constructor(options: EarlyPodsOptions) {
    this.#options = options;
  }

  /**
   * True when the pod has said at its address that it is ready, and neither the pod nor the kubelet
   * has said the opposite since. This also holds for a version of the pod that is older than the
   * kubelet's report: the answer to a claim can arrive after that.
   */
  has({ uid, ip }: Pod): boolean {
    return ip !== undefined && this.#ready.get(uid) === ip;
  }

  /** Takes note of a pod that the watch has seen. */
  see(pod: Pod, isUnclaimed: boolean): void {
    const { uid } = pod;
    if (acceptsRequests(pod)) this.#report(pod);
    else if (this.#reported.has(uid) || !this.has(pod)) this.#ready.delete(uid);
    const isStarting = isUnclaimed && hasStarted(pod) && !this.#reported.has(uid);
    const known = this.#starting.get(uid);
    if (known?.ip !== pod.ip || !isStarting) this.#stop(uid);
    if (!isStarting) return;
    const starting = this.#starting.get(uid) ?? { pod, ip: pod.ip, asking: undefined };
    starting.pod = pod;
    this.#starting.set(uid, starting);
    this.#askIfPresent(starting);
  }

  /** Forgets a pod that is gone. */
  forget({ uid }: Pod): void {
    this.#stop(uid);
    this.#ready.delete(uid);
    this.#reported.delete(uid);
  }

  /** Asks no pod any more. Waits until the last question has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const uid of this.#starting.keys()) this.#stop(uid);
    await this.#running.ended();
  }

  #report(pod: Pod): void {
    this.#stop(pod.uid);
    this.#reported.add(pod.uid);
    const newest = this.#newestReported;
    // Times of creation are whole seconds. Of two equal ones, the first report counts.
    if (newest !== undefined && (newest.createdAt ?? 0) >= (pod.createdAt ?? 0)) return;
    this.#newestReported = pod;
    if (newest !== undefined && haveSameTemplate(newest, pod)) return;
    for (const starting of this.#starting.values()) this.#askIfPresent(starting);
  }

  #stop(uid: string): void {
    this.#starting.get(uid)?.asking?.abort();
    this.#starting.delete(uid);
  }

  /** Asks a pod that has said that it is ready, or whose template is the present one. */
  #askIfPresent(starting: StartingPod): void {
    const newest = this.#newestReported;
    const isPresent = newest === undefined || haveSameTemplate(starting.pod, newest);
    if (!isPresent && !this.has(starting.pod)) {
      starting.asking?.abort();
      starting.asking = undefined;
    } else if (starting.asking === undefined && !this.#isClosed) {
      const { signal } = starting.asking = new AbortController();
      void this.#running.add(this.#ask(starting, signal)).catch((error) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** Asks a pod until the signal aborts. */
  async #ask(starting: StartingPod, signal: AbortSignal): Promise<void> {
    const { workers, workerPort, services: { now, delay } } = this.#options;
    const url = podUrl(starting.ip, workerPort);
    const began = now();
    for (;;) {
      const turnMs = this.#takeTurn();
      if (turnMs > 0) await delay(turnMs, signal);
      const isReady = await workers.isReady(url, signal);
      signal.throwIfAborted();
      const askedMs = now() - began;
      if (isReady !== this.has(starting.pod)) this.#change(starting, isReady, askedMs);
      const pauseMs = isReady ? PAUSE_MS.most : PAUSE_PART * askedMs;
      await delay(Math.min(Math.max(pauseMs, PAUSE_MS.least), PAUSE_MS.most), signal);
    }
  }

  /** A pod has said that it is ready, or that it no longer is. */
  #change(starting: StartingPod, isReady: boolean, askedMs: number): void {
    const { onChange, services: { log } } = this.#options;
    const { pod, ip } = starting;
    if (isReady) this.#ready.set(pod.uid, ip);
    else this.#ready.delete(pod.uid);
    const said = isReady ? "pod says that it is ready" : "pod no longer says that it is ready";
    log.debug({ worker: pod.name, asked_ms: Math.round(askedMs) }, said);
    onChange(pod);
    this.#askIfPresent(starting);
  }

  /** Returns the milliseconds until the next question may be sent. */
  #takeTurn(): number {
    const at = Math.max(this.#options.services.now(), this.#nextTurn);
    this.#nextTurn = at + TURN_MS;
    return at - this.#options.services.now();
  }
}
