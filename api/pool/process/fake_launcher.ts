/** Worker processes for tests that are no processes. */

import type { LaunchWorker, WorkerProcess } from "./process_pool.ts";

/** A process that runs until it is killed or ends by itself. */
export class FakeProcess implements WorkerProcess {
  readonly url: URL;
  readonly ended: Promise<void>;
  /** How often it was asked to end. */
  kills = 0;
  readonly #end: () => void;

  constructor(readonly name: string) {
    this.url = new URL(`http://${name}.test:8080`);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  kill(): void {
    this.kills++;
    this.#end();
  }

  /** Ends by itself. */
  die(): void {
    this.#end();
  }
}

/** A launch that is on its way. */
export interface FakeLaunch {
  readonly name: string;
  /** The process is ready. */
  ready(): FakeProcess;
  /** It does not start. */
  fail(error: Error): void;
}

/** Launches nothing by itself: the test says what becomes of each launch. */
export class FakeLauncher {
  /** All launches so far. */
  readonly launches: FakeLaunch[] = [];
  /** All processes that became ready. */
  readonly processes: FakeProcess[] = [];
  /** Whether launches are ready at once. */
  instant = false;

  readonly launch: LaunchWorker = (name, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<WorkerProcess>();
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const launch: FakeLaunch = {
      name,
      ready: () => {
        const process = new FakeProcess(name);
        this.processes.push(process);
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
