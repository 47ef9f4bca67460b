/** Fake worker processes for tests. No process is started. */

import { FakeProcess } from "../../process/fake_process.ts";
import type { LaunchWorker, WorkerProcess } from "./process_pool.ts";

/** A worker process that runs until the pool kills it or the test ends it. */
export class FakeWorkerProcess extends FakeProcess implements WorkerProcess {
  constructor(
    readonly name: string,
    readonly gallery: string,
    readonly withoutModel: boolean,
  ) {
    super(`http://${name}.test:8080`);
  }
}

/** A launch that is in progress. */
export interface FakeLaunch {
  readonly name: string;
  /** Completes the launch with a process that is ready and has loaded the present gallery. */
  ready(): FakeWorkerProcess;
  /** Fails the launch. */
  fail(error: Error): void;
}

/** Records launches. The test decides how each one ends. */
export class FakeLauncher {
  /** All launches so far, in order. */
  readonly launches: FakeLaunch[] = [];
  /** All processes that became ready, in order. */
  readonly processes: FakeWorkerProcess[] = [];
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
        const process = new FakeWorkerProcess(name, this.gallery, this.withoutModel);
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
