/** How a service ends that is set wrong. */

import { ConfigError } from "./env.ts";

/**
 * What `start` gives, or the end of the process, with the one line that says what is set wrong.
 *
 * @throws what `start` throws, unless that is a {@linkcode ConfigError}
 */
export async function orExit<T>(start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
