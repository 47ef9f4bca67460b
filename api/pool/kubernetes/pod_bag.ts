/** Pods of which any can be drawn by chance, in constant time. */

import type { Pod } from "./pod.ts";

/** Holds pods by uid. */
export class PodBag {
  readonly #pods: Pod[] = [];
  /** Where each pod lies, by uid. */
  readonly #places = new Map<string, number>();

  /** How many there are. */
  get size(): number {
    return this.#pods.length;
  }

  /** Whether a pod of that uid is there, whatever its version. */
  has({ uid }: Pod): boolean {
    return this.#places.has(uid);
  }

  /** Puts a pod in, in the place of an older version of it. */
  put(pod: Pod): void {
    const place = this.#places.get(pod.uid) ?? this.#pods.length;
    this.#places.set(pod.uid, place);
    this.#pods[place] = pod;
  }

  /** Takes a pod out, if it is there. */
  remove({ uid }: Pod): void {
    const place = this.#places.get(uid);
    if (place === undefined) return;
    this.#places.delete(uid);
    const last = this.#pods.pop()!;
    if (last.uid === uid) return;
    this.#pods[place] = last;
    this.#places.set(last.uid, place);
  }

  /**
   * Takes any pod out.
   *
   * @param chance 0 to 1, less than 1
   */
  draw(chance: number): Pod | undefined {
    const pod = this.#pods[Math.floor(chance * this.#pods.length)];
    if (pod !== undefined) this.remove(pod);
    return pod;
  }
}
