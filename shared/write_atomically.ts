/** Writes a file so that nobody ever sees half of it. */

import { dirname, extname, join } from "node:path";

/**
 * Writes a file beside its final place, then renames it: whoever opens `path` finds the old content
 * or the new, and an interruption leaves the old. The temporary file has a name that begins with a
 * dot and the extension of `path`, so that what ignores such files ignores it too.
 *
 * @throws {Deno.errors} as Deno.writeFile and Deno.rename do; the temporary file is gone then
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
