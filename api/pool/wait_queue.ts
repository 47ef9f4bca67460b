/** Claims that wait for a worker: a bounded first-in first-out queue that can be left. */

interface Waiter<T> {
  resolve(item: T): void;
  reject(reason: unknown): void;
}

/** Waits for items of type `T`. Every waiter gets an item, a rejection, or leaves by its signal. */
export class WaitQueue<T> {
  readonly #limit: number;
  // A Set keeps the order of insertion and forgets a waiter in constant time.
  readonly #waiters = new Set<Waiter<T>>();

  /**
   * An empty queue.
   *
   * @param limit How many may wait at once
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiters.size;
  }

  /** Whether one more would be refused. */
  get full(): boolean {
    return this.#waiters.size >= this.#limit;
  }

  /**
   * Waits for the next item, after all who came before.
   *
   * @param signal Leaves the queue
   * @throws {RangeError} when the queue is full: ask {@linkcode WaitQueue.full} first
   * @throws the signal's reason, or that of {@linkcode WaitQueue.rejectAll}
   */
  async wait(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.full) throw new RangeError("The queue is full");
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = { resolve, reject };
    const leave = () => {
      if (this.#waiters.delete(waiter)) reject(signal.reason);
    };
    using cleanup = new DisposableStack();
    this.#waiters.add(waiter);
    signal.addEventListener("abort", leave, { once: true });
    cleanup.defer(() => signal.removeEventListener("abort", leave));
    return await promise;
  }

  /** Gives an item to whoever has waited longest; false when nobody waits. */
  offer(item: T): boolean {
    const [first] = this.#waiters;
    if (first === undefined) return false;
    this.#waiters.delete(first);
    first.resolve(item);
    return true;
  }

  /**
   * Sends everybody away.
   *
   * @param reason What the waiter at that place is told
   */
  rejectAll(reason: (waiter: number) => unknown): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    waiters.forEach((waiter, i) => waiter.reject(reason(i)));
  }
}
