/** Finds the moment at which no request is taken any more and the last one has ended. */

/** Counts requests, until it is told to stop. */
export class WorkEnd {
  readonly #onStop: () => void;
  readonly #ended = Promise.withResolvers<string>();
  #reason: string | undefined;
  #inProgress = 0;

  /** @param onStop Called once, when no more requests are taken */
  constructor(onStop: () => void) {
    this.#onStop = onStop;
  }

  /** Resolves with the reason, when no more requests are taken and the last one has ended. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** True when no more requests are taken. */
  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  /** A request begins. */
  begin(): void {
    this.#inProgress++;
  }

  /** A request has ended. */
  done(): void {
    this.#inProgress--;
    this.#settle();
  }

  /** Takes no more requests. The first reason counts. */
  stop(reason: string): void {
    if (this.isOver) return;
    this.#reason = reason;
    this.#onStop();
    this.#settle();
  }

  #settle(): void {
    if (this.#reason !== undefined && this.#inProgress === 0) this.#ended.resolve(this.#reason);
  }
}
