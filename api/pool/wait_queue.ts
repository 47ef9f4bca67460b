/** Claims that wait for a worker: a bounded first-in first-out queue that can be left. */

interface Waiter<T> {
  readonly turn: number;
  resolve(item: T): void;
  reject(reason: unknown): void;
}

/** Waits for items of type `T`. Every waiter gets an item, a rejection, or leaves by its signal. */
export class WaitQueue<T> {
  readonly #limit: number;
  // In the order of turns. A Set forgets a waiter in constant time.
  readonly #waiters = new Set<Waiter<T>>();
  #turns = 0;

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

  /** A place in the order of arrival: who waits a second time with it does not go to the end. */
  takeTurn(): number {
    return this.#turns++;
  }

  /**
   * Waits for the next item, after all who came before.
   *
   * @param signal Leaves the queue
   * @param turn Who had one is let in even when the queue is full
   * @throws {RangeError} when the queue is full: ask {@linkcode WaitQueue.full} first
   * @throws the signal's reason, or that of {@linkcode WaitQueue.rejectAll}
   */
  async wait(signal: AbortSignal, turn?: number): Promise<T> {
    signal.throwIfAborted();
    if (turn === undefined && this.full) throw new RangeError("The queue is full");
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = { turn: turn ?? this.takeTurn(), resolve, reject };
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

  #insert(waiter: Waiter<T>): void {
    const later = [...this.#waiters].filter(({ turn }) => turn > waiter.turn);
    // Put behind it again, in their order.
    for (const other of later) this.#waiters.delete(other);
    for (const other of [waiter, ...later]) this.#waiters.add(other);
  }
}
