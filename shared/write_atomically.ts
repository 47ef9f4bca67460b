/** Writes a file so that a reader never sees a part of it. */

import { dirname, extname, join } from "node:path";

/**
 * Writes a temporary file in the same folder, then renames it to `path`. A reader of `path` finds the
 * old content or the new content, and an interruption leaves the old content. The temporary file has
 * the extension of `path` and a name that begins with a dot. So readers of a folder that skip such
 * names also skip this file.
 *
 * @throws the errors of Deno.writeFile and Deno.rename, after the temporary file is removed
 */
export async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(dirname(path), `.${crypto.randomUUID()}${extname(path)}`);
  try {
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
