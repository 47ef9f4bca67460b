/** Follows the keys file, so that a key can be added or taken out without a restart. */

import { abortable } from "../../../shared/abortable.ts";
import { ConfigError } from "../../../shared/env.ts";
import { describeError, type Logger } from "../../../shared/log.ts";
import { followText, type FollowTextOptions } from "../../follow_text.ts";
import { type ApiKeys, keysOfBrokenFile, MAX_KEYS_FILE_BYTES, parseKeysFile } from "./keys_file.ts";

/** Services that {@linkcode followKeysFile} uses. */
export interface FollowKeysFileOptions extends Pick<FollowTextOptions, "read" | "delay"> {
  readonly log: Logger;
  /** True when faces can be refused for their liveness (default: true). */
  readonly judgesLiveness?: boolean;
}

/** A key that is taken out works at most this long, and the time of one read. */
const INTERVAL_MS = 1000;
const READ_TIMEOUT_MS = 5000;

/**
 * Reads the keys, then reads them again every second until the signal aborts. When the file is
 * missing later, the last good keys stay in use. When it is broken, see
 * {@linkcode keysOfBrokenFile}.
 *
 * @returns A function that returns the current keys
 * @throws {ConfigError} when the first keys are bad or cannot be read
 */
export async function followKeysFile(
  { read, log, delay, judgesLiveness = true }: FollowKeysFileOptions,
  signal: AbortSignal,
): Promise<() => ApiKeys> {
  const first = await firstText(read);
  let keys = parseKeysFile(first, judgesLiveness);
  let failure = "";
  const readAgain = async () => {
    const text = await read();
    failure = "";
    return text;
  };
  const failed = (error: unknown) => {
    const message = describeError(error);
    // The log has a line for each new failure, not one for each second.
    if (message !== failure) report(message);
    failure = message;
  };
  void followText({ read: readAgain, delay, intervalMs: INTERVAL_MS, use, failed }, first, signal);
  return () => keys;

  function use(latest: string): void {
    try {
      keys = parseKeysFile(latest, judgesLiveness);
      log.info({ keys: keys.size }, "API keys changed");
    } catch (error) {
      keys = keysOfBrokenFile(latest, keys) ?? keys;
      report(describeError(error));
    }
  }

  function report(error: string): void {
    log.error({ error, keys: keys.size }, "API keys not read; the last good ones stay in use");
  }
}

/**
 * Reads a file of at most MAX_KEYS_FILE_BYTES. Opens it by its path each time: in the volume of a
 * Secret, the path is a link to another file after each change.
 *
 * @throws {ConfigError} when the file is too large or not a file
 * @throws the errors of Deno.readTextFile, and when reading takes longer than 5 s
 */
export async function readKeysFile(path: string): Promise<string> {
  const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
  const { size, isFile } = await abortable(Deno.stat(path), signal);
  if (!isFile) throw new ConfigError("API_KEYS_PATH: this is not a file");
  if (size > MAX_KEYS_FILE_BYTES) {
    throw new ConfigError(`API_KEYS_PATH: the file has more than ${MAX_KEYS_FILE_BYTES} bytes`);
  }
  return await Deno.readTextFile(path, { signal });
}

async function firstText(read: () => Promise<string>): Promise<string> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`API_KEYS_PATH: the file cannot be read (${describeError(cause)})`, {
      cause,
    });
  }
}
