/** Claims that wait for a worker: a bounded first-in, first-out queue. A waiter can leave it. */

interface Waiter<T> {
  readonly turn: number;
  resolve(item: T): void;
  reject(reason: unknown): void;
}

/**
 * Waits for items of type `T`. Every waiter gets an item, is rejected, or leaves when its signal
 * aborts.
 *
 * @example Items go to the waiters in the order of arrival
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const queue = new WaitQueue<string>(2);
 * const { signal } = new AbortController();
 * const waiting = [queue.wait(signal), queue.wait(signal)];
 * assertEquals(queue.full, true);
 * queue.offer("worker-1");
 * queue.offer("worker-2");
 * assertEquals(await Promise.all(waiting), ["worker-1", "worker-2"]);
 * assertEquals(queue.offer("worker-3"), false);
 * ```
 */
export class WaitQueue<T> {
  readonly #limit: number;
  // In the order of turns. A Set removes a waiter in constant time.
  readonly #waiters = new Set<Waiter<T>>();
  #turns = 0;

  /**
   * Makes an empty queue.
   *
   * @param limit Largest number of waiters
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Number of waiters. */
  get length(): number {
    return this.#waiters.size;
  }

  /** True when another waiter would be refused. */
  get full(): boolean {
    return this.#waiters.size >= this.#limit;
  }

  /** Returns the next place in the order of arrival, for {@linkcode WaitQueue.wait}. */
  takeTurn(): number {
    return this.#turns++;
  }

  /**
   * Waits for the next item, after all earlier waiters.
   *
   * @param signal Takes the waiter out of the queue when it aborts
   * @param turn The place of the waiter, from {@linkcode WaitQueue.takeTurn}. A waiter with a turn
   * ignores the limit. A waiter without a turn is the last one
   * @throws {RangeError} when the queue is full: check {@linkcode WaitQueue.full} first
   * @throws the signal's reason, or the reason that {@linkcode WaitQueue.rejectAll} gives
   */
  async wait(signal: AbortSignal, turn?: number): Promise<T> {
    signal.throwIfAborted();
    if (turn === undefined && this.full) throw new RangeError("The queue is full");
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = { turn: turn ?? this.takeTurn(), resolve, reject };
    // A waiter that was given an item has left the queue, so an abort can no longer lose the item.
    const leave = () => {
      if (this.#waiters.delete(waiter)) reject(signal.reason);
    };
    using cleanup = new DisposableStack();
    if (turn === undefined) this.#waiters.add(waiter);
    else this.#insert(waiter);
    signal.addEventListener("abort", leave, { once: true });
    cleanup.defer(() => signal.removeEventListener("abort", leave));
    return await promise;
  }

  /** Gives an item to the waiter that came first. Returns false when nobody waits. */
  offer(item: T): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#waiters.delete(first);
    first.resolve(item);
    return true;
  }

  /**
   * Rejects all waiters.
   *
   * @param reason Returns the reason for the waiter at this index, in the order of the queue
   */
  rejectAll(reason: (index: number) => unknown): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    waiters.forEach((waiter, i) => waiter.reject(reason(i)));
  }

  #insert(waiter: Waiter<T>): void {
    const later = [...this.#waiters].filter(({ turn }) => turn > waiter.turn);
    // A Set keeps the order of insertion, so the later waiters are inserted again behind this one.
    for (const other of later) this.#waiters.delete(other);
    for (const other of [waiter, ...later]) this.#waiters.add(other);
  }
}
