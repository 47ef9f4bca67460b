/** The keys that sign calls to workers. They are read again and again, because they can change. */

import { followText, type FollowTextOptions } from "../../follow_text.ts";
import { describeError, type Logger } from "../../../shared/log.ts";
import { parsePrivateKeys, type SigningKeys } from "../../../shared/http/token_keys.ts";

/** Services that {@linkcode followTokenKeys} uses. */
export interface FollowTokenKeysOptions extends Pick<FollowTextOptions, "delay"> {
  /** Reads the private keys in PEM. */
  readonly read: () => Promise<string>;
  readonly log: Logger;
}

/** Kubernetes updates a Secret's file about a minute after the Secret. */
const INTERVAL_MS = 10_000;

/**
 * Reads the keys, then reads them again every few seconds until the signal aborts. When a later
 * read fails or gives bad keys, the last good keys stay in use.
 *
 * @returns A function that returns the current keys
 * @throws {ConfigError} when the first keys are bad
 * @throws when the first keys cannot be read
 */
export async function followTokenKeys(
  { read, log, delay }: FollowTokenKeysOptions,
  signal: AbortSignal,
): Promise<() => SigningKeys> {
  const text = await read();
  let keys = parsePrivateKeys(text);
  const use = (latest: string) => {
    keys = parsePrivateKeys(latest);
    log.info({ keys: keys.length }, "token keys changed");
  };
  const failed = (error: unknown) =>
    log.error({ error: describeError(error) }, "token keys not read");
  void followText({ read, delay, intervalMs: INTERVAL_MS, use, failed }, text, signal);
  return () => keys;
}
