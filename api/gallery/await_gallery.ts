/** Waits until the gallery service has answered for the first time. */

import type { Logger } from "../../shared/log.ts";
import type { GalleryClient } from "./gallery_client.ts";

/** Services that {@linkcode awaitGallery} uses. */
export interface AwaitGalleryOptions {
  readonly log: Pick<Logger, "info" | "warn">;
  /** Waits for some milliseconds. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

const INTERVAL_MS = 500;

/** Asks the service again and again until it has answered, or `signal` aborts. Never rejects. */
export async function awaitGallery(
  client: Pick<GalleryClient, "check" | "reached">,
  { log, delay }: AwaitGalleryOptions,
  signal: AbortSignal,
): Promise<void> {
  let failed = false;
  while (!signal.aborted && !client.reached) {
    if (await client.check(signal)) break;
    if (signal.aborted) return;
    if (!failed) log.warn({}, "waiting for the gallery service");
    failed = true;
    await delay(INTERVAL_MS, signal).catch(() => {});
  }
  if (failed && !signal.aborted) log.info({}, "the gallery service answers");
}
