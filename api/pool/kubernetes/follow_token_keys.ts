/** The keys that sign calls to workers, followed as they rotate. */

import { describeError, type Logger } from "../../../shared/log.ts";
import { parseTokenKeys, type TokenKeys } from "../../../shared/http/worker_token.ts";

/** Where keys come from, and how often they are looked at. */
export interface TokenKeySource {
  /** One key a line. */
  readonly read: () => Promise<string>;
  readonly log: Logger;
  /** Waits; rejects when the signal aborts. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A Secret's file follows the Secret within a minute or so. */
const INTERVAL_MS = 10_000;

/**
 * Reads the keys, and again every few seconds until the signal aborts. Keys that cannot be read or
 * are bad leave the last good ones in use.
 *
 * @returns The keys of the moment
 * @throws {ConfigError} when the first ones are bad
 * @throws when the first ones cannot be read
 */
export async function followTokenKeys(
  source: TokenKeySource,
  signal: AbortSignal,
): Promise<() => TokenKeys> {
  let text = await source.read();
  let keys = parseTokenKeys(text);
  void follow();
  return () => keys;

  async function follow(): Promise<void> {
    for (;;) {
      await source.delay(INTERVAL_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const now = await source.read();
        if (now === text) continue;
        keys = parseTokenKeys(now);
        text = now;
        source.log.info({ keys: keys.length }, "worker token keys changed");
      } catch (error) {
        source.log.error({ error: describeError(error) }, "worker token keys not read");
      }
    }
  }
}
