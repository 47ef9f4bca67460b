/** Starts single workers as processes, with parts replaced. */

import { denoCommand } from "../../shared/process/deno_command.ts";
import { localWorker } from "../../api/pool/process/local_worker.ts";
import { type StartedProcess, startProcess } from "../../shared/process/start_process.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { signWorkerToken } from "../../shared/http/worker_token.ts";
import { ROOT } from "../support/checkout.ts";
import { forever } from "../support/forever.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { type Replaced, testImportMap } from "./hostile_import_map.ts";

const KEYS = fakeTokenKeys();
const NAME = "test-worker";
const START_TIMEOUT_MS = 60_000;

/** Answer of a worker. */
export interface WorkerAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array;
}

/** Everything in an answer that does not change from request to request. */
export function lasting({ status, headers, bytes }: WorkerAnswer) {
  const text = new TextDecoder("latin1").decode(bytes);
  const isJson = headers.get("content-type")?.includes("json");
  const { duration_ms: _, request_id: __, ...json } = isJson ? JSON.parse(text) : {};
  return { status, face: headers.get("x-face"), answer: isJson ? json : text };
}

/** A worker process of its own. */
export class TestWorker implements AsyncDisposable {
  /** Lines that the worker has printed so far, without the first one. */
  readonly printed: string[] = [];
  #process!: StartedProcess;
  readonly #stack = new AsyncDisposableStack();

  private constructor(readonly mode: "workers" | "service") {}

  /**
   * Starts a worker and waits until it is ready.
   *
   * @param replaced Modules that are replaced
   * @throws {ProcessStartError} when the worker ends before that
   */
  static async start(
    replaced: readonly Replaced[] = [],
    mode: "workers" | "service" = "service",
    env: Readonly<Record<string, string>> = {},
  ): Promise<TestWorker> {
    const worker = new TestWorker(mode);
    await using opened = new AsyncDisposableStack();
    const folder = opened.use(await temporaryFolder());
    const map = await folder.write(
      "map.json",
      JSON.stringify(testImportMap(ROOT, replaced)),
    );
    const local = localWorker(new Map(), mode);
    const { args, env: all } = denoCommand({
      program: "worker/main.ts",
      permissionSet: "worker",
      // A hostile worker reads the module of its second thread.
      readable: [
        ...local.readable,
        ROOT,
        ...env["EMBEDDINGS_PATH"] ? [env["EMBEDDINGS_PATH"]] : [],
      ],
      env: {
        ...local.env,
        WORKER_NAME: NAME,
        WORKER_TOKEN_PUBLIC_KEYS: KEYS.publicPem,
        REQUESTS_PER_WORKER: "100000",
        ...env,
      },
    });
    const program = args.pop()!;
    const options = replaced.length === 0 ? [] : ["--import-map", map];
    worker.#process = await startProcess(
      { args: [...args, ...options, program], env: all },
      {
        label: "worker",
        startTimeoutMs: START_TIMEOUT_MS,
        onLine: (line) => worker.printed.push(line),
        readsToEnd: true,
      },
      forever(),
    );
    worker.#stack.defer(async () => {
      worker.#process.kill();
      await worker.#process.ended;
    });
    worker.#stack.use(opened.move());
    return worker;
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#process.ended;
  }

  /** Asks the process to end. */
  terminate(): void {
    this.#process.terminate();
  }

  /** Returns the answer of `GET /ready`. */
  async ready(): Promise<Record<string, unknown>> {
    return await (await fetch(new URL("/ready", this.#process.url))).json();
  }

  /** Sends a picture, as the api does. */
  async post(picture: Uint8Array<ArrayBuffer>): Promise<WorkerAnswer> {
    const path = this.mode === "service" ? "/embed" : "/authenticate";
    const response = await fetch(new URL(path, this.#process.url), {
      method: "POST",
      headers: { Authorization: `Bearer ${signWorkerToken(KEYS.signing, NAME)}` },
      body: picture,
    });
    return {
      status: response.status,
      headers: response.headers,
      bytes: await response.bytes(),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
