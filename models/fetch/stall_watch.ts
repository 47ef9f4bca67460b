/** Stops a download when its sender sends nothing for too long. */

import { abortable } from "../../shared/abortable.ts";
import { FetchError } from "./fetch_error.ts";

/** Aborts its signal when nothing arrives for too long, or when the outer signal aborts. */
export class StallWatch implements Disposable {
  /** Aborts with a {@linkcode FetchError} after the silence, or with the outer signal's reason. */
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  readonly #stallMs: number;
  readonly #sender: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Starts the watch.
   *
   * @param sender Subject of the error message, such as "The registry"
   * @param stallMs Longest silence, in milliseconds
   * @param signal The outer signal; it also aborts the signal of this watch
   */
  constructor(sender: string, stallMs: number, signal?: AbortSignal) {
    this.#sender = sender;
    this.#stallMs = stallMs;
    this.signal = AbortSignal.any(signal ? [this.#stalled.signal, signal] : [this.#stalled.signal]);
    this.heard();
  }

  /** Restarts the time of silence. Call it when something arrives. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stalled.abort(
        new FetchError(`${this.#sender} has sent nothing for ${this.#stallMs / 1000} s; try again`),
      );
    }, this.#stallMs);
  }

  /**
   * Runs `work` until the signal aborts. An abort ends the wait even when `work` ignores the
   * signal.
   *
   * @throws the signal's reason, or what `work` throws
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    return await abortable(work(this.signal), this.signal);
  }

  /** Stops the watch. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
