/** Work that has begun, and that must end before the pool is closed. */

/** A set of promises that are not settled yet. */
export class Unfinished {
  readonly #promises = new Set<Promise<unknown>>();

  /** Adds a promise until it settles, and returns it. */
  add<T>(promise: Promise<T>): Promise<T> {
    this.#promises.add(promise);
    const remove = () => this.#promises.delete(promise);
    promise.then(remove, remove);
    return promise;
  }

  /** Waits until every promise has settled, those that are added meanwhile included. */
  async ended(): Promise<void> {
    while (this.#promises.size > 0) await Promise.allSettled(this.#promises);
  }
}
