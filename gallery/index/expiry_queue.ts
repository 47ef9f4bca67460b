/** Finds out which users have expired, without looking at all of them. */

/** Something that expires. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Items ordered by the time when they expire: a binary heap. */
export class ExpiryQueue<Item extends Expiring> {
  /** Each item expires no earlier than its parent, which is at half of its place. */
  readonly #heap: Item[] = [];
  readonly #places = new Map<Item, number>();

  /** Adds an item that is not in the queue. */
  add(item: Item): void {
    this.#moveUp(this.#heap.length, item);
  }

  /** Removes an item, if it is in the queue. */
  remove(item: Item): void {
    const place = this.#places.get(item);
    if (place === undefined) return;
    this.#places.delete(item);
    const last = this.#heap.pop()!;
    if (last === item) return;
    if (last.expiresAt < item.expiresAt) this.#moveUp(place, last);
    else this.#moveDown(place, last);
  }

  /** Removes and returns an item that has expired at this time; undefined when none has. */
  takeExpired(now: number): Item | undefined {
    const [first] = this.#heap;
    if (first === undefined || first.expiresAt > now) return undefined;
    this.remove(first);
    return first;
  }

  #put(place: number, item: Item): void {
    this.#heap[place] = item;
    this.#places.set(item, place);
  }

  #moveUp(place: number, item: Item): void {
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above]!;
      if (parent.expiresAt <= item.expiresAt) break;
      this.#put(place, parent);
      place = above;
    }
    this.#put(place, item);
  }

  #moveDown(place: number, item: Item): void {
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#heap.length) break;
      const right = this.#heap[below + 1];
      if (right !== undefined && right.expiresAt < this.#heap[below]!.expiresAt) below++;
      const child = this.#heap[below]!;
      if (child.expiresAt >= item.expiresAt) break;
      this.#put(place, child);
      place = below;
    }
    this.#put(place, item);
  }
}
