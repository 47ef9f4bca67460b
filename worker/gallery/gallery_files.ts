/** Lists the files of a gallery that is a folder. */

import { join } from "node:path";

/**
 * Returns the paths of the `*.json` files of a folder, in the order of their names.
 *
 * Names that begin with a dot are ignored. Kubernetes keeps the files of a volume in a folder with
 * such a name, and makes a link to each file. So each file is listed once: as its link. The lock and
 * the unfinished file of an enrolment have such names, too.
 *
 * @throws {Error} when the folder cannot be read, or is not a folder
 */
export async function listGalleryFiles(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort()
    .map((name) => join(folder, name));
}
