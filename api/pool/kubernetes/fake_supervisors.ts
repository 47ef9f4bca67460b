/** Supervisors for tests. Their processes are only names. */

import type { LeasedWorker } from "../../../shared/pool/pool.ts";
import { type SupervisorClient, SupervisorUnreached } from "./supervisor_client.ts";

interface FakeSupervisor {
  readonly free: Set<string>;
  made: number;
  change: PromiseWithResolvers<void>;
  isOver: boolean;
}

/** Runs the processes of every pod. A process that has ended is replaced by one with the next number. */
export class FakeSupervisors implements SupervisorClient {
  /** Names of the workers that the api has ended, in order. */
  readonly ended: string[] = [];
  /** Number of times that each pod cannot be reached. */
  unreached = 0;
  /** True when a process is still free after its end was asked for, as one that ends slowly is. */
  keepsEnded = false;
  /** True when an ended process is not replaced. */
  isSlow = false;
  readonly #perPod: number;
  readonly #pods = new Map<string, FakeSupervisor>();

  /** @param perPod Number of processes of each pod */
  constructor(perPod: number) {
    this.#perPod = perPod;
  }

  async *free(pod: LeasedWorker, signal: AbortSignal): AsyncGenerator<string[]> {
    if (this.unreached > 0) {
      this.unreached--;
      throw new SupervisorUnreached("refused");
    }
    const supervisor = this.#of(pod.name);
    const aborted = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => aborted.resolve(), { once: true });
    while (!supervisor.isOver && !signal.aborted) {
      const { promise } = supervisor.change;
      yield [...supervisor.free];
      await Promise.race([promise, aborted.promise]);
    }
  }

  end(pod: LeasedWorker, process: string, worker: LeasedWorker): Promise<void> {
    this.ended.push(worker.name);
    if (!this.keepsEnded) this.take(pod.name, process);
    return Promise.resolve();
  }

  /** Ends a process, because it got a request or died. Its replacement is ready immediately. */
  take(pod: string, process: string): void {
    const supervisor = this.#of(pod);
    if (!supervisor.free.delete(process)) return;
    if (this.isSlow) this.#changed(supervisor);
    else this.start(pod);
  }

  /** Makes one more process ready. */
  start(pod: string): void {
    const supervisor = this.#of(pod);
    supervisor.free.add(`worker-${++supervisor.made}`);
    this.#changed(supervisor);
  }

  /** Takes no more requests in a pod. */
  stop(pod: string): void {
    const supervisor = this.#of(pod);
    supervisor.isOver = true;
    this.#changed(supervisor);
  }

  #of(pod: string): FakeSupervisor {
    let supervisor = this.#pods.get(pod);
    if (supervisor === undefined) {
      const names = Array.from({ length: this.#perPod }, (_, i) => `worker-${i + 1}`);
      supervisor = {
        free: new Set(names),
        made: names.length,
        change: Promise.withResolvers(),
        isOver: false,
      };
      this.#pods.set(pod, supervisor);
    }
    return supervisor;
  }

  #changed(supervisor: FakeSupervisor): void {
    supervisor.change.resolve();
    supervisor.change = Promise.withResolvers();
  }
}
