/** Starts processes of the service on this machine, and waits until they are ready. */

import { z } from "zod";
import { abortable } from "../../shared/abortable.ts";
import { delay } from "../../shared/backoff.ts";
import type { DenoCommand } from "./deno_command.ts";
import { MAX_LINE, readLines } from "./read_lines.ts";

/** A process that is ready. */
export interface StartedProcess {
  /** Address at which the process listens. */
  readonly url: URL;
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Kills the process immediately. */
  kill(): void;
  /** Asks the process to end. */
  terminate(): void;
}

/** Options of {@linkcode startProcess}. */
export interface StartOptions {
  /** The process in error messages, such as "worker". */
  readonly label: string;
  /** Milliseconds until a process that is not ready is killed. */
  readonly startTimeoutMs: number;
  /** Called with each further line of standard output. */
  readonly onLine?: (text: string) => void;
  /** Resolves when the process is ready, after /ready has answered 200. */
  readonly alsoReady?: (signal: AbortSignal) => Promise<unknown>;
}

/** Error for a process that ended before it was ready, or was not ready in time. */
export class ProcessStartError extends Error {
  override readonly name = "ProcessStartError";
}

const READY_POLL_MS = 10;
const Listening = z.object({ listening: z.url() });

/**
 * Starts a process and waits until it is ready. Its first line on standard output must tell the
 * address at which it listens. The process reads from a pipe that this process keeps open, and exits
 * when the pipe closes. So every process ends when this process ends, even if this process is killed.
 *
 * @throws {ProcessStartError} when the process ends before it is ready, or is not ready in time; no
 * process is left
 * @throws the signal's reason; no process is left
 */
export async function startProcess(
  { args, env }: DenoCommand,
  { label, startTimeoutMs, onLine = () => {}, alsoReady }: StartOptions,
  signal: AbortSignal,
): Promise<StartedProcess> {
  signal.throwIfAborted();
  const child = new Deno.Command(Deno.execPath(), {
    args,
    env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const send = (name: Deno.Signal) => {
    try {
      child.kill(name);
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
    AbortSignal.timeout(startTimeoutMs),
  ]);
  void child.status.then(({ code, signal }) =>
    endedEarly.abort(
      new ProcessStartError(
        `The ${label} ended before it was ready (${signal ?? `exit code ${code}`})`,
      ),
    )
  );
  try {
    const listening = Promise.withResolvers<URL>();
    void readLines(child.stdout, (text) => {
      const url = parseListening(text);
      if (url === undefined) onLine(text);
      else listening.resolve(url);
    });
    const url = await abortable(listening.promise, startSignal);
    await waitUntilReady(url, startSignal);
    await alsoReady?.(startSignal);
    return { url, ended, kill: () => send("SIGKILL"), terminate: () => send("SIGTERM") };
  } catch (error) {
    send("SIGKILL");
    await ended;
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new ProcessStartError(
        `The ${label} was not ready within ${startTimeoutMs} ms`,
        { cause: error },
      );
    }
    throw error;
  }
}

function parseListening(text: string): URL | undefined {
  if (text.length >= MAX_LINE) return undefined;
  try {
    const { listening } = Listening.parse(JSON.parse(text));
    return new URL(listening);
  } catch {
    return undefined;
  }
}

async function waitUntilReady(url: URL, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(new URL("/ready", url), { signal });
    await response.body?.cancel();
    if (response.ok) return;
    await delay(READY_POLL_MS, signal);
  }
}
