/** Work that has begun, and that must end before the pool is closed. */

/** A set of promises that are not settled yet. */
export class Unfinished {
  readonly #promises = new Set<Promise<unknown>>();

  /** Keeps a promise until it settles. Returns the promise. */
  add<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const remove = () => this.#promises.delete(promise);
    promise.then(remove, remove);
    return promise;
  }

  /** Waits until every promise has settled, also promises that are added during the wait. */
  async ended(): Promise<void> {
    while (this.#promises.size > 0) await Promise.allSettled(this.#promises);
  }
}
