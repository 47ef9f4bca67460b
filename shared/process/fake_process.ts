/** A process for tests. No process is started. */

/** A process that runs until it is killed, or the test ends it. */
export class FakeProcess {
  readonly pid = 0;
  readonly url: URL;
  readonly ended: Promise<void>;
  /** Number of times that it was killed. */
  kills = 0;
  readonly #end: () => void;
  #ownEnd: string | undefined;

  constructor(url: string) {
    this.url = new URL(url);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  kill(): void {
    this.kills++;
    this.#end();
  }

  ownEnd(): string | undefined {
    return this.#ownEnd;
  }

  /** Ends the process, as if it had died. */
  die(how = "SIGKILL"): void {
    this.#ownEnd = how;
    this.#end();
  }
}
