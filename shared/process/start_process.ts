/** Starts processes of the service on this machine, and waits until they are ready. */

import { z } from "zod";
import { abortable } from "../abortable.ts";
import { delay } from "../backoff.ts";
import type { DenoCommand } from "./deno_command.ts";
import { MAX_LINE, readLines } from "./read_lines.ts";

/** A process that is ready. */
export interface StartedProcess {
  readonly pid: number;
  /** Address at which the process listens. */
  readonly url: URL;
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /**
   * Returns how the process has ended by itself, such as "SIGSEGV" or "exit code 1"; undefined while
   * it runs, and when this process has ended it.
   */
  ownEnd(): string | undefined;
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
  /**
   * True: lines are read until the process ends. Otherwise standard output is closed when the process
   * is ready: nothing that it prints then costs this process anything.
   */
  readonly readsToEnd?: boolean;
  /** Resolves when the process is ready, after /ready has answered 200. */
  readonly alsoReady?: (signal: AbortSignal) => Promise<unknown>;
}

/** Error for a process that ended before it was ready, or was not ready in time. */
export class ProcessStartError extends Error {
  override readonly name = "ProcessStartError";
}

const READY_POLL_MS = 10;
/** Longest reason of a process that cannot start. */
const MAX_FAILURE = 1000;
const Line = z.union([
  z.object({ listening: z.url() }),
  z.object({ ready: z.literal(true) }),
  z.object({ failed: z.string().max(MAX_FAILURE) }),
]);

/**
 * Starts a process and waits until it is ready. Its first line on standard output must tell the
 * address at which it listens, and a later line that it is ready: to ask it again and again would
 * take CPU time from its start. When it cannot start, a line may tell the reason. The process reads
 * from a pipe that this process keeps open, and exits when the pipe closes. So every process ends
 * when this process ends, even if this process is killed.
 *
 * @throws {ProcessStartError} when the process ends before it is ready, or is not ready in time; no
 * process is left
 * @throws the signal's reason; no process is left
 */
export async function startProcess(
  { args, env }: DenoCommand,
  { label, startTimeoutMs, onLine = () => {}, readsToEnd = false, alsoReady }: StartOptions,
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
  let wasSignalled = false;
  let ownEnd: string | undefined;
  const send = (name: Deno.Signal) => {
    wasSignalled = true;
    try {
      child.kill(name);
    } catch (error) {
      // Deno throws a TypeError when the process has already ended.
      if (!(error instanceof TypeError)) throw error;
    }
  };
  const ended = child.status.then(async ({ code, signal }) => {
    if (!wasSignalled) ownEnd = signal ?? `exit code ${code}`;
    // Without this call, this end of the pipe would stay open until a garbage collection.
    await child.stdin.close().catch(() => {});
  });
  const endedEarly = new AbortController();
  const startSignal = AbortSignal.any([
    signal,
    endedEarly.signal,
    AbortSignal.timeout(startTimeoutMs),
  ]);
  const endedBeforeReady = (reason: string) =>
    new ProcessStartError(`The ${label} ended before it was ready (${reason})`);
  void child.status.then(({ code, signal }) =>
    endedEarly.abort(endedBeforeReady(signal ?? `exit code ${code}`))
  );
  const listening = Promise.withResolvers<URL>();
  const ready = Promise.withResolvers<void>();
  const started = new AbortController();
  let failure: string | undefined;
  const reading = readLines(child.stdout, (text) => {
    const line = started.signal.aborted ? undefined : parseLine(text);
    if (line === undefined) onLine(text);
    else if ("failed" in line) failure ??= line.failed;
    else if ("ready" in line) ready.resolve();
    else listening.resolve(new URL(line.listening));
  }, readsToEnd ? undefined : started.signal);
  try {
    const url = await abortable(listening.promise, startSignal);
    await abortable(ready.promise, startSignal);
    await waitUntilReady(url, startSignal);
    await alsoReady?.(startSignal);
    started.abort();
    return {
      pid: child.pid,
      url,
      ended,
      ownEnd: () => ownEnd,
      kill: () => send("SIGKILL"),
      terminate: () => send("SIGTERM"),
    };
  } catch (error) {
    send("SIGKILL");
    await ended;
    await reading;
    // The end of a process is noticed by its exit code, or first by a connection that is reset.
    if (failure !== undefined) throw endedBeforeReady(failure);
    if (error instanceof DOMException && error.name === "TimeoutError") {
      throw new ProcessStartError(
        `The ${label} was not ready within ${startTimeoutMs} ms`,
        { cause: error },
      );
    }
    throw error;
  }
}

function parseLine(text: string): z.infer<typeof Line> | undefined {
  if (text.length >= MAX_LINE) return undefined;
  try {
    return Line.parse(JSON.parse(text));
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
