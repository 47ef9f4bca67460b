/** The work of the gallery service between calls. */

import { abortable } from "../shared/abortable.ts";
import { describeError, type Logger } from "../shared/log.ts";
import type { Checkpoints } from "./audit/log_checkpoints.ts";
import type { Gallery } from "./gallery.ts";
import type { GalleryMetrics } from "./metrics.ts";
import { isStoreFailure } from "./store_failure.ts";
import type { StoreWatch } from "./store_watch.ts";

/** The index of an idle replica is at most this far behind. */
const CATCH_UP_MS = 1000;
/** A checkpoint is written at most this long after it is due. */
const CHECKPOINT_MS = 500;
const PURGE_MS = 3_600_000;
/** Templates that one transaction encrypts again. Changes of users wait for it. */
const REENCRYPTED_AT_ONCE = 50;
const BETWEEN_REENCRYPTIONS_MS = 100;

/** Services that {@linkcode keepUp} uses. */
export interface UpkeepOptions {
  readonly log: Pick<Logger, "info" | "error">;
  readonly metrics: Pick<GalleryMetrics, "caughtUp" | "storeError">;
  readonly watch: StoreWatch;
  readonly checkpoints: Pick<Checkpoints, "writeIfDue">;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Waits for a number of milliseconds, or rejects with the reason of the signal. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Does the work until the signal aborts: applies the changes of other replicas, deletes what has
 * expired, writes checkpoints of the audit into the log, and encrypts templates of older keys with the
 * first key.
 */
export async function keepUp(gallery: Gallery, options: UpkeepOptions): Promise<void> {
  const { delay, signal } = options;
  const every = async (ms: number, work: () => Promise<boolean | void>) => {
    while (await work() !== false) await delay(ms, signal);
  };
  const work = [
    every(CATCH_UP_MS, () => catchUp(gallery, options)),
    every(CHECKPOINT_MS, () => attempt(() => options.checkpoints.writeIfDue(), options, () => {})),
    every(PURGE_MS, () => purge(gallery, options)),
    every(BETWEEN_REENCRYPTIONS_MS, () => reencrypt(gallery, options)),
  ];
  await abortable(Promise.all(work), signal).catch((error) => {
    if (!signal.aborted) throw error;
  });
}

async function catchUp({ follower }: Gallery, options: UpkeepOptions): Promise<void> {
  const { metrics, watch, now } = options;
  const started = now();
  await attempt(() => follower.catchUp(), options, () => {
    watch.answered();
    metrics.caughtUp((now() - started) / 1000);
  });
}

async function purge({ store }: Gallery, options: UpkeepOptions): Promise<void> {
  await attempt(() => store.purge(), options, (users) => {
    if (users > 0) options.log.info({ users }, "expired users deleted");
  });
}

/** Returns false when nothing is left to encrypt. */
async function reencrypt({ store }: Gallery, options: UpkeepOptions): Promise<boolean> {
  let left = true;
  await attempt(() => store.reencrypt(REENCRYPTED_AT_ONCE), options, (templates) => {
    left = templates > 0;
  });
  return left;
}

/** Logs a failure instead of throwing it: the work is tried again later. */
async function attempt<Result>(
  run: () => Promise<Result>,
  { log, metrics, watch }: UpkeepOptions,
  done: (result: Result) => void,
): Promise<void> {
  try {
    done(await run());
  } catch (error) {
    if (isStoreFailure(error)) {
      metrics.storeError();
      watch.failed(error);
    } else {
      log.error({ error: describeError(error) }, "the gallery's upkeep failed");
    }
  }
}
