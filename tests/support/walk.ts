/** Lists the files in a folder and in all folders below it. */

import { join } from "node:path";

/** Yields the paths of all files. */
export async function* walk(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* walk(path);
    else yield path;
  }
}
