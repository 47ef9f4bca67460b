/** Gives up on a sender that has fallen silent. */

import { FetchError } from "./fetch_error.ts";

/** Aborts its signal when nothing was heard for a while, or when the signal above it aborts. */
export class StallWatch implements Disposable {
  /** Aborted with a {@linkcode FetchError} on silence, or with the outer signal's reason. */
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  readonly #stallMs: number;
  readonly #what: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Begins to wait.
   *
   * @param what Whose silence it is, for the message
   * @param stallMs The longest silence, in milliseconds
   * @param signal Aborts this one too
   */
  constructor(what: string, stallMs: number, signal?: AbortSignal) {
    this.#what = what;
    this.#stallMs = stallMs;
    this.signal = AbortSignal.any(signal ? [this.#stalled.signal, signal] : [this.#stalled.signal]);
    this.heard();
  }

  /** Something came: the wait begins anew. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stalled.abort(
        new FetchError(`${this.#what} has sent nothing for ${this.#stallMs / 1000} s; try again`),
      );
    }, this.#stallMs);
  }

  /**
   * What `work` gives, unless the signal aborts first, whatever `work` makes of it.
   *
   * @throws the signal's reason, or what `work` throws
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(this.signal.reason);
    this.signal.addEventListener("abort", onAbort);
    try {
      return await Promise.race([work(this.signal), aborted.promise]);
    } finally {
      this.signal.removeEventListener("abort", onAbort);
    }
  }

  /** Stops waiting. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
