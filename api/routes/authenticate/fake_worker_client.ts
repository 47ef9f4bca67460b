/** A worker client for tests that sends nothing. */

import type { Probe } from "../../../shared/http/parse_probe.ts";
import type { WorkerClient, WorkerResult } from "./worker_client.ts";

/** A call to a worker, as the client was asked for it. */
export interface FakeCall {
  readonly worker: string;
  readonly probe: Probe;
  readonly requestId: string;
}

/** What a worker does with a probe. */
export type FakeWorker = (signal: AbortSignal) => WorkerResult | Promise<WorkerResult>;

/** A worker that never answers; the call ends by its signal. */
export const silentWorker: FakeWorker = (signal) =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

/** Answers the first call as the first worker of the list does, and so on. */
export class FakeWorkerClient implements WorkerClient {
  /** Every call so far. */
  readonly calls: FakeCall[] = [];
  readonly #workers: FakeWorker[];

  constructor(workers: readonly FakeWorker[]) {
    this.#workers = [...workers];
  }

  async authenticate(
    worker: { readonly name: string },
    probe: Probe,
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult> {
    this.calls.push({ worker: worker.name, probe, requestId });
    const answer = this.#workers.shift();
    if (answer === undefined) throw new RangeError("A call that the test did not expect");
    return await answer(signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
