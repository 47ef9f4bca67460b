/** Fake worker processes for tests. No process is started. */

import type { LaunchWorker, WorkerProcess } from "./process_pool.ts";

/** A process that runs until the pool kills it or the test ends it. */
export class FakeProcess implements WorkerProcess {
  readonly url: URL;
  readonly ended: Promise<void>;
  /** Number of times that the pool killed the process. */
  kills = 0;
  readonly #end: () => void;

  constructor(
    readonly name: string,
    readonly gallery: string,
    readonly withoutModel: boolean,
  ) {
    this.url = new URL(`http://${name}.test:8080`);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  kill(): void {
    this.kills++;
    this.#end();
  }

  /** Ends the process, as if it had died. */
  die(): void {
    this.#end();
  }
}

/** A launch that is in progress. */
export interface FakeLaunch {
  readonly name: string;
  /** Completes the launch with a process that is ready and has loaded the present gallery. */
  ready(): FakeProcess;
  /** Fails the launch. */
  fail(error: Error): void;
}

/** Records launches. The test decides how each one ends. */
export class FakeLauncher {
  /** All launches so far, in order. */
  readonly launches: FakeLaunch[] = [];
  /** All processes that became ready, in order. */
  readonly processes: FakeProcess[] = [];
  /** True when every launch is ready immediately. */
  instant = false;
  /** Fingerprint of the gallery that exists now. */
  gallery = "gallery-1";
  /** True when that gallery does not name its model. */
  withoutModel = false;
  /** The pool's functions that processes call when they see another gallery. */
  readonly #onGallery: ((fingerprint: string) => void)[] = [];

  /** Changes the gallery. Every process that was ready reports it. */
  changeGallery(fingerprint: string): void {
    this.gallery = fingerprint;
    for (const report of this.#onGallery) report(fingerprint);
  }

  readonly launch: LaunchWorker = (name, signal, onGallery = () => {}) => {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerProcess>();
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const launch: FakeLaunch = {
      name,
      ready: () => {
        const process = new FakeProcess(name, this.gallery, this.withoutModel);
        this.processes.push(process);
        onGallery(this.gallery);
        this.#onGallery.push(onGallery);
        resolve(process);
        return process;
      },
      fail: reject,
    };
    this.launches.push(launch);
    if (this.instant) launch.ready();
    return promise;
  };
}
