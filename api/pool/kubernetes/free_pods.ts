/** Which pods a claim may take: what the watch says, less what is in flight. */

import { canServe, hasEnded, haveSameTemplate, type Pod } from "./pod.ts";
import { PodBag } from "./pod_bag.ts";
import type { PodObserver } from "./pod_watch.ts";

/** Settings and surroundings of {@linkcode FreePods}. */
export interface FreePodsOptions {
  /** Labels of a pod that may be claimed. */
  readonly selector: Readonly<Record<string, string>>;
  /** A pod came free. Whether somebody took it at once; it is then as if {@linkcode FreePods.take} had. */
  readonly onFree: (pod: Pod) => boolean;
  /** A pod does not serve, or not any more. */
  readonly onUnfit: (pod: Pod) => void;
  /** A pod is gone. */
  readonly onGone: (pod: Pod) => void;
  /** 0 to 1. */
  readonly random: () => number;
}

/**
 * Keeps the pods as the watch last saw them. A pod that is taken stays so until it is given back or
 * gone, whatever the watch says meanwhile: it is always a little late.
 */
export class FreePods implements Omit<PodObserver, "ownerIs"> {
  readonly #options: FreePodsOptions;
  /** All pods, by uid, as the two below. */
  readonly #pods = new Map<string, Pod>();
  readonly #free = new PodBag();
  readonly #taken = new Set<string>();
  /** The resourceVersion at which a claim was lost: until a newer one is seen, it would be again. */
  readonly #lost = new Map<string, string>();

  constructor(options: FreePodsOptions) {
    this.#options = options;
  }

  /** How many a claim would get at once. */
  get size(): number {
    return this.#free.size;
  }

  /** How many are on their way. */
  get starting(): number {
    let count = 0;
    for (const pod of this.#pods.values()) {
      if (this.#isUnclaimed(pod) && !pod.ready && !pod.deleting && !hasEnded(pod)) count++;
    }
    return count;
  }

  /** All pods, claimed ones among them. */
  all(): Iterable<Pod> {
    return this.#pods.values();
  }

  /** Whether the pod is in this replica's hands. */
  isTaken(pod: Pod): boolean {
    return this.#taken.has(pod.uid);
  }

  /** The newest that can serve and bears no claim: the others may be of a template that is left. */
  get newest(): Pod | undefined {
    let newest: Pod & { readonly startedAt: number } | undefined;
    for (const pod of this.#pods.values()) {
      if (!canServe(pod) || !this.#isUnclaimed(pod)) continue;
      if (newest === undefined || pod.startedAt > newest.startedAt) newest = pod;
    }
    return newest;
  }

  /** Whether a claimed pod can take a request, as the watch last saw it, and no rollout has begun. */
  mayGoOn({ uid }: Pod): boolean {
    const current = this.#pods.get(uid);
    if (current === undefined || !canServe(current)) return false;
    const { newest } = this;
    return newest === undefined || haveSameTemplate(current, newest);
  }

  /** Takes any free pod: replicas that choose at random seldom choose the same. */
  take(): Pod | undefined {
    const pod = this.#free.draw(this.#options.random());
    if (pod !== undefined) this.#taken.add(pod.uid);
    return pod;
  }

  /** Gives a pod back as it was: nobody has claimed it. */
  release(pod: Pod): void {
    this.#taken.delete(pod.uid);
    const current = this.#pods.get(pod.uid);
    if (current !== undefined) this.#consider(current);
  }

  /** Gives a pod back whose claim was lost at that version. */
  lose(pod: Pod): void {
    if (this.#pods.has(pod.uid)) this.#lost.set(pod.uid, pod.resourceVersion);
    this.release(pod);
  }

  listed(pods: readonly Pod[]): void {
    const uids = new Set(pods.map(({ uid }) => uid));
    for (const pod of this.#pods.values()) if (!uids.has(pod.uid)) this.gone(pod);
    for (const pod of pods) this.seen(pod);
  }

  seen(pod: Pod): void {
    this.#pods.set(pod.uid, pod);
    if (!canServe(pod)) this.#options.onUnfit(pod);
    this.#consider(pod);
  }

  gone(pod: Pod): void {
    for (const set of [this.#pods, this.#taken, this.#lost]) set.delete(pod.uid);
    this.#free.remove(pod);
    this.#options.onUnfit(pod);
    this.#options.onGone(pod);
  }

  #consider(pod: Pod): void {
    const { uid, resourceVersion } = pod;
    const isFree = canServe(pod) && this.#isUnclaimed(pod) && !this.#taken.has(uid) &&
      this.#lost.get(uid) !== resourceVersion;
    if (!isFree) this.#free.remove(pod);
    else if (this.#free.has(pod) || !this.#options.onFree(pod)) this.#free.put(pod);
    else this.#taken.add(uid);
  }

  #isUnclaimed({ labels }: Pod): boolean {
    return Object.entries(this.#options.selector).every(([name, value]) => labels[name] === value);
  }
}
