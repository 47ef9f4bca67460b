/** The pods that a claim may take: the watch has seen them, and this replica does not use them. */

import type { EarlyPods } from "./early_pods.ts";
import {
  acceptsRequests,
  hasEnded,
  hasStarted,
  haveSameTemplate,
  type Pod,
  type StartedPod,
} from "./pod.ts";
import { PodBag } from "./pod_bag.ts";
import type { PodObserver } from "./pod_watch.ts";

/** Settings of {@linkcode FreePods}, and the events that it reports. */
export interface FreePodsOptions {
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  /** The pods that say themselves that they are ready. It must call {@linkcode FreePods.said}. */
  readonly early: Pick<EarlyPods, "has" | "see" | "forget">;
  /**
   * Called when a pod becomes free. Returns true to take the pod immediately, as
   * {@linkcode FreePods.take} does.
   */
  readonly onFree: (pod: Pod) => boolean;
  /** Called with every pod that does not accept requests, and with every pod that is gone. */
  readonly onNotServing: (pod: Pod) => void;
  /** Called when a pod is gone. */
  readonly onGone: (pod: Pod) => void;
  /** Called after every change that the watch has reported. */
  readonly onChange: () => void;
  /** Returns a random number: at least 0, less than 1. */
  readonly random: () => number;
}

/**
 * Keeps the pods as the watch last saw them. The watch is always a little late, so its reports do
 * not make a taken pod free. A pod stays taken until it is given back or gone.
 */
export class FreePods implements PodObserver {
  readonly #options: FreePodsOptions;
  /** All pods, by uid. The other sets and maps use the uid, too. */
  readonly #pods = new Map<string, Pod>();
  readonly #free = new PodBag();
  /** Free pods whose status does not say yet that they are ready. */
  readonly #early = new PodBag();
  readonly #taken = new Set<string>();
  /** Version of each pod at which a claim was lost. A claim at this version would be lost again. */
  readonly #lost = new Map<string, string>();

  constructor(options: FreePodsOptions) {
    this.#options = options;
  }

  /** Number of pods that can be claimed now. */
  get size(): number {
    return this.#free.size + this.#early.size;
  }

  /** Number of pods that are starting. */
  get starting(): number {
    let count = 0;
    for (const pod of this.#pods.values()) {
      if (!this.#isUnclaimed(pod) || pod.ready || pod.deleting || hasEnded(pod)) continue;
      if (!this.serves(pod)) count++;
    }
    return count;
  }

  /** Returns all pods, also claimed pods. */
  all(): Iterable<Pod> {
    return this.#pods.values();
  }

  /** True when the pod exists, according to the watch. */
  has({ uid }: Pod): boolean {
    return this.#pods.has(uid);
  }

  /** True when this replica has taken the pod. */
  isTaken(pod: Pod): boolean {
    return this.#taken.has(pod.uid);
  }

  /** True when a pod accepts requests: its status says so, or the pod itself has said so. */
  serves(pod: Pod): pod is StartedPod {
    return acceptsRequests(pod) || (hasStarted(pod) && this.#options.early.has(pod));
  }

  /**
   * Newest unclaimed pod that accepts requests, according to its status; older ones may belong to a
   * previous rollout.
   */
  get newest(): Pod | undefined {
    let newest: Pod | undefined;
    // startedAt comes from the clocks of different nodes, so it cannot be compared.
    const created = ({ createdAt = 0 }: Pod) => createdAt;
    for (const pod of this.#pods.values()) {
      if (!acceptsRequests(pod) || !this.#isUnclaimed(pod)) continue;
      if (newest === undefined || created(pod) > created(newest)) newest = pod;
    }
    return newest;
  }

  /** True when a claimed pod, as last seen, accepts requests and has the newest template. */
  isUpToDate({ uid }: Pod): boolean {
    const current = this.#pods.get(uid);
    if (current === undefined || !this.serves(current)) return false;
    const { newest } = this;
    return newest === undefined || haveSameTemplate(current, newest);
  }

  /**
   * Takes a free pod at random, so that replicas seldom take the same one. A pod whose status says
   * that it is ready comes first: a rollout counts only the pods that become ready before they leave.
   */
  take(): Pod | undefined {
    const chance = this.#options.random();
    const pod = this.#free.draw(chance) ?? this.#early.draw(chance);
    if (pod !== undefined) this.#taken.add(pod.uid);
    return pod;
  }

  /** Gives back a pod that was not claimed. */
  release(pod: Pod): void {
    this.#taken.delete(pod.uid);
    const current = this.#pods.get(pod.uid);
    if (current !== undefined) this.#update(current);
  }

  /** Gives back a pod after its claim was lost at this version. */
  lose(pod: Pod): void {
    if (this.#pods.has(pod.uid)) this.#lost.set(pod.uid, pod.resourceVersion);
    this.release(pod);
  }

  /** Makes a pod free again that was lost at this version, and that the watch has not changed. */
  forgetLoss({ uid, resourceVersion }: Pod): void {
    if (this.#lost.get(uid) !== resourceVersion) return;
    this.#lost.delete(uid);
    const current = this.#pods.get(uid);
    if (current !== undefined) this.#update(current);
  }

  /** A pod has said that it is ready, or that it no longer is. */
  said({ uid }: Pod): void {
    const current = this.#pods.get(uid);
    if (current !== undefined) this.#update(current);
  }

  listed(pods: readonly Pod[]): void {
    // The list comes from the API server's store, so it is right about pods that seemed lost.
    this.#lost.clear();
    const uids = new Set(pods.map(({ uid }) => uid));
    for (const pod of this.#pods.values()) if (!uids.has(pod.uid)) this.#remove(pod);
    for (const pod of pods) this.#put(pod);
    this.#options.onChange();
  }

  seen(pod: Pod): void {
    this.#put(pod);
    this.#options.onChange();
  }

  gone(pod: Pod): void {
    this.#remove(pod);
    this.#options.onChange();
  }

  #put(pod: Pod): void {
    this.#pods.set(pod.uid, pod);
    this.#options.early.see(pod, this.#isUnclaimed(pod));
    if (!this.serves(pod)) this.#options.onNotServing(pod);
    this.#update(pod);
  }

  #remove(pod: Pod): void {
    for (const set of [this.#pods, this.#taken, this.#lost]) set.delete(pod.uid);
    this.#free.remove(pod);
    this.#early.remove(pod);
    this.#options.early.forget(pod);
    this.#options.onNotServing(pod);
    this.#options.onGone(pod);
  }

  /** Decides whether a pod is free. */
  #update(pod: Pod): void {
    const { uid, resourceVersion } = pod;
    const isFree = this.serves(pod) && this.#isUnclaimed(pod) && !this.#taken.has(uid) &&
      this.#lost.get(uid) !== resourceVersion;
    const wasFree = this.#free.has(pod) || this.#early.has(pod);
    const isKept = isFree && (wasFree || !this.#options.onFree(pod));
    if (isFree && !isKept) this.#taken.add(uid);
    for (const [bag, fits] of [[this.#free, pod.ready], [this.#early, !pod.ready]] as const) {
      if (isKept && fits) bag.put(pod);
      else bag.remove(pod);
    }
  }

  #isUnclaimed({ labels }: Pod): boolean {
    return Object.entries(this.#options.selector).every(([name, value]) => labels[name] === value);
  }
}
