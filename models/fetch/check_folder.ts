/** Checks the folder that models are fetched into. */

import { FetchError } from "./fetch_error.ts";

/**
 * Checks that this process may write into a folder. Without this check, the models would be fetched
 * first, and then not be written.
 *
 * @param folder Path of the folder
 * @param writable Path of the folder in which `deno task models` may write
 * @throws {FetchError} when there is no such folder, or when the permissions of the task do not
 * include it
 */
export async function checkFolder(folder: string, writable: string): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "write", path: folder });
  if (state !== "granted") {
    throw new FetchError(
      `deno task models may write only into ${writable} and the folders in it, not into ${folder}`,
    );
  }
  try {
    if ((await Deno.stat(folder)).isDirectory) return;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new FetchError(`The folder ${folder} does not exist`, { cause });
  }
  throw new FetchError(`${folder} is not a folder`);
}
