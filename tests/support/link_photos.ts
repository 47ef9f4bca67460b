/** Makes a folder with the photos of a few of many people. */

import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

/**
 * Makes a temporary folder with links to photos.
 *
 * @param from Folder with a folder of photos for each person
 * @param people Number of people: the first ones by name who have enough photos
 * @param photos Number of photos of each person
 */
export async function linkPhotos(
  from: string,
  people: number,
  photos: number,
): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  const names = (await Array.fromAsync(Deno.readDir(from), ({ name }) => name)).sort();
  let linked = 0;
  for (const name of names) {
    if (linked === people) break;
    const files = (await Array.fromAsync(Deno.readDir(join(from, name)), (file) => file.name))
      .sort();
    if (files.length < photos) continue;
    await Deno.mkdir(folder.path(name));
    for (const file of files.slice(0, photos)) {
      await Deno.symlink(join(from, name, file), folder.path(join(name, file)));
    }
    linked++;
  }
  return folder;
}
