/** Starts worker processes on loopback. */

import { abortable } from "../../abortable.ts";
import { denoCommand } from "../../process/deno_command.ts";
import type { DenoCommand } from "../../process/deno_command.ts";
import { startProcess } from "../../process/start_process.ts";
import type { LaunchWorker, WorkerProcess } from "./process_pool.ts";
import { createWorkerOutput, type LoadedGallery } from "./worker_output.ts";

/** Environment of a worker process, and the files that the process must be able to read. */
export interface WorkerSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly readable: readonly string[];
}

/** Settings of {@linkcode createWorkerLauncher}. */
export interface LaunchOptions extends WorkerSettings {
  /** Milliseconds until a worker that is not ready is killed. */
  readonly startTimeoutMs: number;
}

/**
 * The C library asks the kernel for pages of 2 MiB (ADR 40). The image of the worker sets the same for
 * the process of a pod. Another C library ignores it.
 */
const HUGE_PAGES = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" };

/** Stands for the gallery of a worker that has none. */
const NO_GALLERY: LoadedGallery = { fingerprint: "none", withoutModel: false };

/** Returns the command that runs a worker. */
export function workerCommand({ env, readable }: WorkerSettings, name: string): DenoCommand {
  return denoCommand({
    program: "worker/main.ts",
    permissionSet: "worker",
    readable,
    env: { ...HUGE_PAGES, ...env, WORKER_NAME: name },
  });
}

/** Makes the function that starts a worker. */
export function createWorkerLauncher(options: LaunchOptions): LaunchWorker {
  const holdsGallery = options.env["GALLERY_MODE"] !== "service";
  const followsGallery = holdsGallery && options.env["FOLLOW_GALLERY"] !== "false";
  return async (name, signal, onGallery = () => {}) => {
    const output = createWorkerOutput(onGallery);
    let loaded = NO_GALLERY;
    const { pid, url, ended, ownEnd, kill } = await startProcess(workerCommand(options, name), {
      label: "worker",
      startTimeoutMs: options.startTimeoutMs,
      onLine: output.onLine,
      readsToEnd: followsGallery,
      alsoReady: async (startSignal) => {
        if (holdsGallery) loaded = await abortable(output.loaded, startSignal);
        else onGallery(NO_GALLERY.fingerprint);
      },
    }, signal);
    const { fingerprint: gallery, withoutModel } = loaded;
    return { name, pid, url, gallery, withoutModel, ended, ownEnd, kill } satisfies WorkerProcess;
  };
}
