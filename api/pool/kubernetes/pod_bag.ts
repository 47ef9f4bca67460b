/** A set of pods. Drawing a random pod takes constant time. */

import type { Pod } from "./pod.ts";

/** Holds pods by uid. */
export class PodBag {
  readonly #pods: Pod[] = [];
  /** Index of each pod, by uid. */
  readonly #indexes = new Map<string, number>();

  /** Number of pods. */
  get size(): number {
    return this.#pods.length;
  }

  /** True when the bag has a pod with this uid, at any version. */
  has({ uid }: Pod): boolean {
    return this.#indexes.has(uid);
  }

  /** Adds a pod, or replaces an older version of it. */
  put(pod: Pod): void {
    const index = this.#indexes.get(pod.uid) ?? this.#pods.length;
    this.#indexes.set(pod.uid, index);
    this.#pods[index] = pod;
  }

  /** Removes a pod, if the bag has it. */
  remove({ uid }: Pod): void {
    const index = this.#indexes.get(uid);
    if (index === undefined) return;
    this.#indexes.delete(uid);
    // The last pod fills the gap.
    const last = this.#pods.pop()!;
    if (last.uid === uid) return;
    this.#pods[index] = last;
    this.#indexes.set(last.uid, index);
  }

  /**
   * Removes a pod at random and returns it.
   *
   * @param chance Random number: at least 0, less than 1
   */
  draw(chance: number): Pod | undefined {
    const pod = this.#pods[Math.floor(chance * this.#pods.length)];
    if (pod !== undefined) this.remove(pod);
    return pod;
  }
}
