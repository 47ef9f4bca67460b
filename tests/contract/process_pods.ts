/**
 * Pods with real worker processes, for tests of the pool with isolation "process". The supervisors run
 * in this process, and the API server is a fake.
 */

import { FakePodApi } from "../../api/pool/kubernetes/api_server/fake_pod_api.ts";
import type { Preconditions } from "../../api/pool/kubernetes/api_server/pod_api.ts";
import { localWorker } from "../../api/pool/process/local_worker.ts";
import { abortable } from "../../shared/abortable.ts";
import { type FakeTokenKeys, fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import type { Logger } from "../../shared/log.ts";
import type { WorkerProcess } from "../../shared/pool/process/process_pool.ts";
import { createWorkerLauncher } from "../../shared/pool/process/worker_process.ts";
import { createSupervisorApp } from "../../supervisor/app.ts";
import { PodProcesses } from "../../supervisor/pod_processes.ts";
import { createTokenVerifiers } from "../../supervisor/token_verifiers.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** Settings of {@linkcode ProcessPodsCluster}. */
export interface ProcessPodsSettings {
  /** Number of processes of a pod. */
  readonly perPod: number;
  readonly requestsPerWorker: number;
  readonly requestsPerPod: number;
  readonly log: Logger;
  /** False when the status of the pods never says that they are ready. By default, it says so. */
  readonly reportsReady?: boolean;
  /** Further settings of the processes. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A pod that runs. */
export interface RunningPod {
  readonly name: string;
  readonly processes: PodProcesses;
  readonly fetch: (request: Request) => Response | Promise<Response>;
}

/** Runs pods. A deleted pod is replaced. */
export class ProcessPodsCluster extends FakePodApi {
  readonly keys: FakeTokenKeys;
  readonly #settings: ProcessPodsSettings;
  readonly #launch: ReturnType<typeof createWorkerLauncher>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** The pods that run, by address. */
  readonly #pods = new Map<string, RunningPod>();
  readonly #ending = new Set<Promise<void>>();
  /** The processes that run, by name. */
  readonly running = new Map<string, WorkerProcess>();
  #made = 0;
  #isClosing = false;

  private constructor(settings: ProcessPodsSettings, keys: FakeTokenKeys, gallery: string) {
    super();
    this.keys = keys;
    this.#settings = settings;
    const { env, readable } = localWorker(new Map([["EMBEDDINGS_PATH", gallery]]));
    this.#launch = createWorkerLauncher({
      env: {
        ...env,
        ...settings.env,
        WORKER_TOKEN_PUBLIC_KEYS: keys.publicPem,
        REQUESTS_PER_WORKER: String(settings.requestsPerWorker),
        REQUIRE_SEAL: "true",
        FOLLOW_GALLERY: "false",
      },
      readable,
      startTimeoutMs: 60_000,
    });
    this.#server = Deno.serve(
      { hostname: "0.0.0.0", port: 0, onListen: () => {} },
      (request) =>
        this.#pods.get(new URL(request.url).hostname)?.fetch(request) ??
          new Response(null, { status: 404 }),
    );
  }

  /** Starts a cluster with one free pod. Disposing of it ends all processes. */
  static async start(
    settings: ProcessPodsSettings,
  ): Promise<{ cluster: ProcessPodsCluster } & AsyncDisposable> {
    await using starting = new AsyncDisposableStack();
    const folder = starting.use(
      await temporaryFolder({ "gallery.json": '{"embeddings": []}' }),
    );
    const cluster = new ProcessPodsCluster(
      settings,
      fakeTokenKeys(),
      settings.env?.["EMBEDDINGS_PATH"] ?? folder.path("gallery.json"),
    );
    starting.defer(() => cluster.#end());
    await cluster.addPod();
    const stack = starting.move();
    return { cluster, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  }

  /** Port of all pods. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Starts a pod, and adds it when it is ready. */
  async addPod(): Promise<void> {
    const { perPod: size, log, reportsReady = true, ...settings } = this.#settings;
    const number = ++this.#made;
    const name = `pod-${number}`, ip = `127.1.0.${number}`;
    const now = () => performance.now();
    const processes = new PodProcesses({
      ...settings,
      pod: name,
      size,
      startsAtOnce: 2,
      launch: async (...args) => {
        const process = await this.#launch(...args);
        this.running.set(process.name, process);
        void process.ended.then(() => this.running.delete(process.name));
        return process;
      },
      log,
      now,
      random: Math.random,
    });
    const { fetch } = createSupervisorApp({
      name,
      answersWith: "authenticate",
      processes,
      verifyToken: createTokenVerifiers(() => this.keys.verifying),
      requestTimeoutMs: 60_000,
      log,
      now,
      newRequestId: () => crypto.randomUUID(),
    });
    this.#pods.set(ip, { name, processes, fetch });
    if (!reportsReady) this.add(name, { ip, ready: false });
    void processes.ended.then(() => {
      if (this.#isClosing || !this.has(name)) return;
      const { labels } = this.change(name, { ready: false });
      // The kubelet restarts the container of a pod that nobody has claimed. Here, it is a new pod.
      if (labels["status"] !== "ready") return;
      this.remove(name);
      this.#replaceByName(name);
    });
    await eventually(() => processes.isReady || this.#isClosing, `${name} is ready`, 120_000);
    if (!this.#isClosing && reportsReady) this.add(name, { ip });
  }

  /**
   * Kills a process with a signal that its supervisor has not sent. Returns false when the process has
   * ended before, or its supervisor was faster. Deno handles some signals itself: of those, the first
   * one ends no process.
   */
  async kill(workerName: string, signal: Deno.Signal = "SIGKILL"): Promise<boolean> {
    const process = this.running.get(workerName);
    if (process === undefined) return false;
    try {
      Deno.kill(process.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await abortable(process.ended, AbortSignal.timeout(60_000));
    return process.ownEnd() !== undefined;
  }

  override async delete(name: string, preconditions: Preconditions): Promise<void> {
    await super.delete(name, preconditions);
    this.#replaceByName(name);
  }

  #replaceByName(name: string): void {
    for (const [ip, pod] of this.#pods) {
      if (pod.name === name) this.#track(this.#replace(ip, pod));
    }
  }

  async #replace(ip: string, { processes }: RunningPod): Promise<void> {
    await processes[Symbol.asyncDispose]();
    this.#pods.delete(ip);
    if (!this.#isClosing) await this.addPod();
  }

  #track(work: Promise<void>): void {
    this.#ending.add(work);
    void work.finally(() => this.#ending.delete(work));
  }

  async #end(): Promise<void> {
    this.#isClosing = true;
    for (const { processes } of this.#pods.values()) await processes[Symbol.asyncDispose]();
    await Promise.all(this.#ending);
    await this.#server.shutdown();
  }
}
