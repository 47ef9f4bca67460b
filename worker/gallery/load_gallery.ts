/** Loads the gallery from a file, or from all files of a folder. */

import { join } from "node:path";
import { describeError } from "../../shared/log.ts";
import { createGalleryBuilder, type Gallery } from "./gallery.ts";
import { GalleryError, nameFileInErrors, parseGalleryEntries } from "./gallery_entry.ts";

/**
 * Loads a gallery. A folder stands for the `*.json` files in it, by name; what begins with a dot is
 * passed over, and so are the folders in which Kubernetes keeps the files of a volume, which it
 * shows once more as links. A user's templates may lie in several files. One file is in memory at a
 * time.
 *
 * @param path A gallery file, or a folder of them
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} naming the file, when it cannot be read or used, or the folder has none:
 * one that was not filled must not pass for a gallery of nobody
 */
export async function loadGallery(path: string, dimension: number): Promise<Gallery> {
  const builder = createGalleryBuilder(dimension);
  for (const file of await galleryFiles(path)) {
    const json = await orUnreadable(file, Deno.readTextFile(file));
    nameFileInErrors(file, () => builder.add(parseGalleryEntries(json)));
  }
  return builder.build();
}

async function galleryFiles(path: string): Promise<string[]> {
  if (!(await orUnreadable(path, Deno.stat(path))).isDirectory) return [path];
  const names = await orUnreadable(path, Array.fromAsync(Deno.readDir(path), ({ name }) => name));
  const files = names.filter((name) => name.endsWith(".json") && !name.startsWith(".")).sort();
  if (files.length === 0) {
    throw new GalleryError(`The gallery folder ${path} holds no file *.json`);
  }
  return files.map((name) => join(path, name));
}

async function orUnreadable<Value>(path: string, reading: Promise<Value>): Promise<Value> {
  try {
    return await reading;
  } catch (cause) {
    throw new GalleryError(`The gallery ${path} cannot be read (${describeError(cause)})`, {
      cause,
    });
  }
}
