/** Keeps a gallery service running on this machine. */

import { backoffMs, delay as realDelay } from "../../shared/backoff.ts";
import { describeError, type Logger } from "../../shared/log.ts";
import type { StartedProcess } from "../../shared/process/start_process.ts";
import type { OpenedGallery } from "./opened_gallery.ts";

/** Services that {@linkcode LocalGallery} uses. */
export interface LocalGalleryOptions {
  /** Starts the process and waits until it is ready. */
  readonly launch: (signal: AbortSignal) => Promise<StartedProcess>;
  readonly log: Logger;
  /** Returns milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Returns a random number, 0 to 1. */
  readonly random: () => number;
  readonly delay?: typeof realDelay;
}

const BACKOFF = { firstMs: 100, maxMs: 10_000 };
/** A process that dies sooner than this counts as a failed start. */
const HEALTHY_AFTER_MS = 5000;
/** A process that was asked to end is killed after this time. Its last requests need less. */
const END_TIMEOUT_MS = 5000;

/**
 * Runs one gallery process after another: launches a process, waits until it has ended, then launches
 * the next one. Two never run at the same time, because they would share one folder.
 */
export class LocalGallery implements OpenedGallery {
  readonly #options: Required<LocalGalleryOptions>;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #process: StartedProcess | undefined;

  /** Resolves when the first process is ready; rejects when the first launch fails. */
  readonly started: Promise<void>;

  constructor(options: LocalGalleryOptions) {
    this.#options = { delay: realDelay, ...options };
    const started = Promise.withResolvers<void>();
    this.started = started.promise;
    this.started.catch(() => {});
    this.#running = this.#run(started);
  }

  readonly url = (): URL | undefined => this.#process?.url;

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error("The service is shutting down"));
    const process = this.#process;
    if (process !== undefined) {
      process.terminate();
      const late = new AbortController();
      void process.ended.then(() => late.abort());
      await this.#options.delay(END_TIMEOUT_MS, late.signal).then(() => {
        this.#options.log.error("the gallery did not end in time");
        process.kill();
      }, () => {});
    }
    await this.#running;
  }

  async #run(started: PromiseWithResolvers<void>): Promise<void> {
    const { launch, log, now, random, delay } = this.#options;
    const closing = this.#closing.signal;
    let failures = 0;
    while (!closing.aborted) {
      try {
        const process = await launch(closing);
        this.#process = process;
        started.resolve();
        log.info("gallery ready");
        const born = now();
        await process.ended;
        this.#process = undefined;
        if (closing.aborted) break;
        failures = now() - born < HEALTHY_AFTER_MS ? failures + 1 : 0;
        log.error("the gallery has ended, starting it again");
      } catch (error) {
        started.reject(error);
        if (closing.aborted) break;
        failures++;
        log.error({ error: describeError(error), failures }, "the gallery did not start");
      }
      if (failures > 0) {
        await delay(backoffMs(failures, BACKOFF, random()), closing).catch(() => {});
      }
    }
    started.reject(closing.reason);
  }
}
