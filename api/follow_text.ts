/** Follows a text that can change, for example in a file. */

/** Services and settings of {@linkcode followText}. */
export interface FollowTextOptions {
  readonly read: () => Promise<string>;
  /** Milliseconds between two reads. */
  readonly intervalMs: number;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /**
   * Called with a text that differs from the one before. A text for which it throws is given to it
   * again after the next read.
   */
  readonly use: (text: string) => void | Promise<void>;
  /** Called with an error of `read` or `use`. */
  readonly failed: (error: unknown) => void;
}

/**
 * Reads a text again and again, until the signal aborts.
 *
 * @param seen The text that is in use already
 */
export async function followText(
  { read, intervalMs, delay, use, failed }: FollowTextOptions,
  seen: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await delay(intervalMs, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      const latest = await read();
      if (latest === seen) continue;
      await use(latest);
      seen = latest;
    } catch (error) {
      failed(error);
    }
  }
}
