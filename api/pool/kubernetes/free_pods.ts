/** The pods that a claim may take: the watch has seen them, and this replica does not use them. */

import { acceptsRequests, hasEnded, haveSameTemplate, type Pod } from "./pod.ts";
import { PodBag } from "./pod_bag.ts";
import type { PodObserver } from "./pod_watch.ts";

/** Settings of {@linkcode FreePods}, and the events that it reports. */
export interface FreePodsOptions {
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
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
  readonly #taken = new Set<string>();
  /** Version of each pod at which a claim was lost. A claim at this version would be lost again. */
  readonly #lost = new Map<string, string>();

  constructor(options: FreePodsOptions) {
    this.#options = options;
  }

  /** Number of pods that can be claimed now. */
  get size(): number {
    return this.#free.size;
  }

  /** Number of pods that are starting. */
  get starting(): number {
    let count = 0;
    for (const pod of this.#pods.values()) {
      if (this.#isUnclaimed(pod) && !pod.ready && !pod.deleting && !hasEnded(pod)) count++;
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

  /** Newest unclaimed pod that accepts requests; older ones may belong to a previous rollout. */
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
    if (current === undefined || !acceptsRequests(current)) return false;
    const { newest } = this;
    return newest === undefined || haveSameTemplate(current, newest);
  }

  /** Takes a free pod at random, so that replicas seldom take the same one. */
  take(): Pod | undefined {
    const pod = this.#free.draw(this.#options.random());
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
    if (!acceptsRequests(pod)) this.#options.onNotServing(pod);
    this.#update(pod);
  }

  #remove(pod: Pod): void {
    for (const set of [this.#pods, this.#taken, this.#lost]) set.delete(pod.uid);
    this.#free.remove(pod);
    this.#options.onNotServing(pod);
    this.#options.onGone(pod);
  }

  /** Decides whether a pod is free. */
  #update(pod: Pod): void {
    const { uid, resourceVersion } = pod;
    const isFree = acceptsRequests(pod) && this.#isUnclaimed(pod) && !this.#taken.has(uid) &&
      this.#lost.get(uid) !== resourceVersion;
    if (!isFree) this.#free.remove(pod);
    else if (this.#free.has(pod) || !this.#options.onFree(pod)) this.#free.put(pod);
    else this.#taken.add(uid);
  }

  #isUnclaimed({ labels }: Pod): boolean {
    return Object.entries(this.#options.selector).every(([name, value]) => labels[name] === value);
  }
}
