/** A binary heap. The smallest key comes first; among equal keys, the item that was added first. */

interface Entry<T> {
  readonly key: number;
  readonly order: number;
  readonly item: T;
}

/** A queue of items in the order of their keys. */
export class PriorityQueue<T> {
  readonly #entries: Entry<T>[] = [];
  #added = 0;

  /** Number of items. */
  get length(): number {
    return this.#entries.length;
  }

  /** The smallest key; undefined when the queue is empty. */
  get firstKey(): number | undefined {
    return this.#entries[0]?.key;
  }

  /** Adds an item. */
  add(key: number, item: T): void {
    const entries = this.#entries;
    const entry = { key, order: this.#added++, item };
    let place = entries.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[place] = entries[parent]!;
      place = parent;
    }
    entries[place] = entry;
  }

  /** Removes the first item and returns it; undefined when the queue is empty. */
  take(): T | undefined {
    const entries = this.#entries;
    const first = entries[0];
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return first?.item;
    let place = 0;
    while (true) {
      let child = 2 * place + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, last)) break;
      entries[place] = entries[child]!;
      place = child;
    }
    entries[place] = last;
    return first!.item;
  }
}

const before = <T>(a: Entry<T>, b: Entry<T>): boolean =>
  a.key < b.key || (a.key === b.key && a.order < b.order);
