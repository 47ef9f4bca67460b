/** Opens the store and loads all users into memory. */

import { backoffMs } from "../shared/backoff.ts";
import { ConfigError } from "../shared/env.ts";
import { describeError, type Logger } from "../shared/log.ts";
import { followStore } from "./index/follow_store.ts";
import { leaveOutBad } from "./index/leave_out_bad.ts";
import { createGalleryIndex } from "./index/memory_index.ts";
import type { Gallery } from "./gallery.ts";
import { type GalleryStore, type IndexedUser, StoreUnavailable } from "./store/store.ts";
import {
  MAX_TEMPLATE_KEYS_LENGTH,
  parseTemplateKeys,
  type TemplateKeys,
} from "../shared/template_keys.ts";
import { createSlots } from "./store/slots.ts";
import type { StoreWatch } from "./store_watch.ts";

const BACKOFF = { firstMs: 200, maxMs: 5000 };

/** A gallery that is open. Disposing of it closes the store. */
export interface OpenedGallery extends Gallery, AsyncDisposable {}

/** Services that {@linkcode openGallery} uses. */
export interface OpenGalleryOptions
  extends Pick<Gallery, "match" | "policy" | "findRules" | "clock"> {
  /** Opens the store. */
  readonly open: () => Promise<GalleryStore>;
  readonly watch: StoreWatch;
  readonly log: Pick<Logger, "error">;
  /** Waits for a number of milliseconds, or rejects with the reason of the signal. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Stops the tries. */
  readonly signal: AbortSignal;
}

/**
 * Opens the store and loads all users. Tries again while the store is away.
 *
 * @throws {ConfigError} when the store or its keys cannot be used
 * @throws {StoreDamaged} when a template cannot be decrypted
 * @throws the reason of `signal` when it aborts
 */
export async function openGallery(options: OpenGalleryOptions): Promise<OpenedGallery> {
  const { open, watch, log, match, policy, findRules, clock } = options;
  const reportBad = ({ templates }: IndexedUser) =>
    log.error(
      { template_id: templates.at(-1)?.templateId },
      "the templates of a user cannot be compared; the user is not recognised",
    );
  const store = await retry(open, options);
  await using closing = new AsyncDisposableStack();
  closing.use(store);
  const follower = await retry(
    () => followStore(store, () => leaveOutBad(createGalleryIndex(), reportBad)),
    options,
  );
  watch.answered();
  closing.move();
  return {
    match,
    policy,
    findRules,
    clock,
    store,
    follower,
    changes: createSlots(1),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

async function retry<Result>(
  run: () => Promise<Result>,
  { watch, delay, signal }: OpenGalleryOptions,
): Promise<Result> {
  for (let failures = 1;; failures++) {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      watch.failed(error);
      await delay(backoffMs(failures, BACKOFF, Math.random()), signal);
    }
  }
}

/**
 * Reads the file with the keys that encrypt templates.
 *
 * @throws {ConfigError} when the file cannot be read, or its text is bad
 */
export async function readTemplateKeys(path: string): Promise<TemplateKeys> {
  let text: string;
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(MAX_TEMPLATE_KEYS_LENGTH + 1);
    let size = 0;
    for (let read; (read = await file.read(bytes.subarray(size)));) size += read;
    text = new TextDecoder().decode(bytes.subarray(0, size));
  } catch (cause) {
    throw new ConfigError(
      `Bad environment: TEMPLATE_KEYS_PATH: ${path} cannot be read (${describeError(cause)})`,
      { cause },
    );
  }
  return parseTemplateKeys(text);
}
