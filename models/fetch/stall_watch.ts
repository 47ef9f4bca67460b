/** Stops a download whose sender has become silent. */

import { abortable } from "../../shared/abortable.ts";
import { FetchError } from "./fetch_error.ts";

/** Aborts its signal when nothing arrives for a time, or when the outer signal aborts. */
export class StallWatch implements Disposable {
  /** Aborted with a {@linkcode FetchError} after a silence, or with the outer signal's reason. */
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
   * @param signal Aborts this watch's signal, too
   */
  constructor(sender: string, stallMs: number, signal?: AbortSignal) {
    this.#sender = sender;
    this.#stallMs = stallMs;
    this.signal = AbortSignal.any(signal ? [this.#stalled.signal, signal] : [this.#stalled.signal]);
    this.heard();
  }

  /** Starts the time of silence again, because something has arrived. */
  heard(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stalled.abort(
        new FetchError(`${this.#sender} has sent nothing for ${this.#stallMs / 1000} s; try again`),
      );
    }, this.#stallMs);
  }

  /**
   * Runs `work` until the signal aborts. An abort ends the wait even when `work` ignores the signal.
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
