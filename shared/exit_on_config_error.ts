/** Ends a command or service when its configuration is bad. */

import { ConfigError } from "./env.ts";

/**
 * Runs `start` and returns its result. On a {@linkcode ConfigError}, prints the error's message on
 * standard error and exits with code 1.
 *
 * @throws every other error of `start`
 */
export async function exitOnConfigError<T>(start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
