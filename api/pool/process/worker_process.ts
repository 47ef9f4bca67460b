/** Starts worker processes on loopback. */

import { fileURLToPath } from "node:url";
import { delay } from "../../../shared/backoff.ts";
import { abortable } from "../../../shared/abortable.ts";
import type { LaunchWorker, WorkerProcess } from "./process_pool.ts";
import { readWorkerOutput } from "./worker_output.ts";

/** Settings of {@linkcode createWorkerLauncher}. */
export interface LaunchOptions {
  /** Environment of every worker, without HOST, PORT, WORKER_NAME and EXIT_ON_STDIN_EOF. */
  readonly env: Readonly<Record<string, string>>;
  /** Files and folders that a worker may read. */
  readonly readable: readonly string[];
  /** Milliseconds until a worker that is not ready is killed. */
  readonly startTimeoutMs: number;
}

/** Error for a worker that ended before it was ready, or was not ready in time. */
export class WorkerStartError extends Error {
  override readonly name = "WorkerStartError";
}

const inProject = (path: string): string =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const READY_POLL_MS = 10;

/** Variables of this process that Deno itself needs in a worker process. */
export const DENO_ENV: readonly string[] = [
  "DENO_DIR",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "HOME",
  "LOCALAPPDATA",
  "NO_COLOR",
  "NPM_CONFIG_REGISTRY",
  "PATH",
  "SYSTEMROOT",
  "TMPDIR",
  "XDG_CACHE_HOME",
];

/**
 * Returns the command that runs a worker: `deno run worker/main.ts` with the permission set
 * "worker", limited to the files that it must read, and its complete environment.
 */
export function workerCommand(
  { env, readable }: Pick<LaunchOptions, "env" | "readable">,
  name: string,
): { readonly args: string[]; readonly env: Record<string, string> } {
  return {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--frozen",
      "--cached-only",
      "--permission-set=worker",
      // Deno splits this list at commas. A comma inside a path must be written twice.
      `--allow-read=${readable.map((path) => path.replaceAll(",", ",,")).join(",")}`,
      "--config",
      inProject("deno.json"),
      inProject("worker/main.ts"),
    ],
    env: {
      ...inherited(DENO_ENV),
      // Deno would ask the network for a newer version of itself.
      DENO_NO_UPDATE_CHECK: "1",
      ...env,
      HOST: "127.0.0.1",
      PORT: "0",
      WORKER_NAME: name,
      EXIT_ON_STDIN_EOF: "true",
    },
  };
}

/**
 * Makes the function that starts a worker. The worker reads from a pipe that this process keeps
 * open, and exits when the pipe closes. So every worker ends when this process ends, even if this
 * process is killed.
 */
export function createWorkerLauncher(options: LaunchOptions): LaunchWorker {
  return async (name, signal, onGallery = () => {}) => {
    signal.throwIfAborted();
    const child = new Deno.Command(Deno.execPath(), {
      ...workerCommand(options, name),
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // Deno throws a TypeError when the process has already ended.
        if (!(error instanceof TypeError)) throw error;
      }
    };
    const ended = child.status.then(async () => {
      // Without this call, this end of the pipe would stay open until a garbage collection.
      await child.stdin.close().catch(() => {});
    });
    const endedEarly = new AbortController();
    const startSignal = AbortSignal.any([
      signal,
      endedEarly.signal,
      AbortSignal.timeout(options.startTimeoutMs),
    ]);
    void child.status.then(({ code, signal }) =>
      endedEarly.abort(
        new WorkerStartError(
          `The worker ended before it was ready (${signal ?? `exit code ${code}`})`,
        ),
      )
    );
    try {
      const output = readWorkerOutput(child.stdout, onGallery);
      const url = await abortable(output.listening, startSignal);
      await waitUntilReady(url, startSignal);
      const process = { name, url, gallery: undefined, ended, kill } satisfies WorkerProcess;
      if (options.env["GALLERY_MODE"] === "service") return process;
      const { fingerprint, withoutModel } = await abortable(output.loaded, startSignal);
      return { ...process, gallery: fingerprint, withoutModel };
    } catch (error) {
      kill();
      await ended;
      if (error instanceof DOMException && error.name === "TimeoutError") {
        throw new WorkerStartError(
          `The worker was not ready within ${options.startTimeoutMs} ms`,
          { cause: error },
        );
      }
      throw error;
    }
  };
}

function inherited(names: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return env;
}

async function waitUntilReady(url: URL, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(new URL("/ready", url), { signal });
    await response.body?.cancel();
    if (response.ok) return;
    await delay(READY_POLL_MS, signal);
  }
}
