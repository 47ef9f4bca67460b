/** Waits until the gallery service has answered for the first time. */

import type { Logger } from "../../shared/log.ts";
import type { GalleryClient } from "./gallery_client.ts";

/** Services that {@linkcode awaitGallery} uses. */
export interface AwaitGalleryOptions {
  readonly log: Pick<Logger, "info" | "warn">;
  /** Waits for some milliseconds. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

const INTERVAL_MS = 250;
/** The first failures are usual while both services start. */
const LOGGED_FAILURE = 40;

/** Asks the service again and again until it has answered, or `signal` aborts. Never rejects. */
export async function awaitGallery(
  client: Pick<GalleryClient, "check" | "reached">,
  { log, delay }: AwaitGalleryOptions,
  signal: AbortSignal,
): Promise<void> {
  let failures = 0;
  while (!signal.aborted && !client.reached) {
    if (await client.check(signal)) break;
    if (signal.aborted) return;
    if (++failures === LOGGED_FAILURE) log.warn({}, "the gallery service does not answer yet");
    await delay(INTERVAL_MS, signal).catch(() => {});
  }
  if (failures >= LOGGED_FAILURE && !signal.aborted) log.info({}, "the gallery service answers");
}
