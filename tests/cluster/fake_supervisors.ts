/** Supervisors for the pods of a fake kubelet. Their HTTP is real, and their processes are fake. */

import { createFakeLog } from "../../shared/fake_log.ts";
import { processWorkerName } from "../../shared/contract/pod_processes.ts";
import type { VerifyingKeys } from "../../shared/http/token_keys.ts";
import { FakeLauncher } from "../../shared/pool/process/fake_launcher.ts";
import { createSupervisorApp, type SupervisorApp } from "../../supervisor/app.ts";
import { PodProcesses } from "../../supervisor/pod_processes.ts";
import { createTokenVerifiers } from "../../supervisor/token_verifiers.ts";
import type { KubeletPod } from "./fake_kubelet.ts";

interface RunningSupervisor {
  readonly pod: string;
  readonly processes: PodProcesses;
  readonly launcher: FakeLauncher;
  readonly app: SupervisorApp;
}

/** Starts a supervisor for each pod that gets a request. */
export class FakePodSupervisors implements AsyncDisposable {
  readonly #keys: VerifyingKeys;
  readonly #size: number;
  readonly #requestsPerWorker: number;
  /** Supervisors by the uid of their pod. */
  readonly #running = new Map<string, RunningSupervisor>();

  constructor(keys: VerifyingKeys, size: number, requestsPerWorker: number) {
    this.#keys = keys;
    this.#size = size;
    this.#requestsPerWorker = requestsPerWorker;
  }

  /** Answers a request to a pod. */
  answer({ name, uid }: KubeletPod, request: Request): Response | Promise<Response> {
    const running = this.#running.get(uid) ?? this.#start(name);
    this.#running.set(uid, running);
    return running.app.fetch(request);
  }

  /** Names of the workers whose processes run, in pods that exist. */
  running(pods: ReadonlyMap<string, unknown>): string[] {
    return [...this.#running.values()].filter(({ pod }) => pods.has(pod)).flatMap((
      { pod, launcher },
    ) =>
      launcher.processes.filter((process) => process.kills === 0 && !process.ownEnd())
        .map(({ name }) => processWorkerName(pod, name.slice(pod.length + 1)))
    );
  }

  /** Ends a process, as if it had died. */
  kill(workerName: string): void {
    for (const { launcher } of this.#running.values()) {
      launcher.processes.find(({ name }) => name === workerName)?.die("SIGKILL");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { processes } of this.#running.values()) await processes[Symbol.asyncDispose]();
  }

  #start(pod: string): RunningSupervisor {
    const launcher = new FakeLauncher();
    launcher.instant = true;
    const { log } = createFakeLog();
    const now = () => performance.now();
    const processes = new PodProcesses({
      pod,
      size: this.#size,
      requestsPerWorker: this.#requestsPerWorker,
      requestsPerPod: 1000,
      startsAtOnce: 2,
      launch: launcher.launch,
      log,
      now,
      random: Math.random,
    });
    const app = createSupervisorApp({
      name: pod,
      answersWith: "authenticate",
      processes,
      verifyToken: createTokenVerifiers(() => this.#keys),
      requestTimeoutMs: 10_000,
      log,
      now,
      newRequestId: () => crypto.randomUUID(),
    });
    return { pod, processes, launcher, app };
  }
}
