/** Reads a file that names the photos to measure. */

import { relative } from "node:path";
import { escapeText } from "../../gallery/gallery_entry.ts";
import type { PersonFolder } from "../photo_folder.ts";
import { ListFileError, readLines } from "./list_file.ts";

/**
 * Returns only the people and photos that a file names. Each line has the path of a photo in the
 * folder, as <person>/<photo>. Empty lines are ignored.
 *
 * @param path Path of the file, UTF-8
 * @param folder The folder of all photos
 * @param people All people in the folder
 * @throws {ListFileError} when the file cannot be read or is too large, or names no photo, a photo
 * twice, or a photo that is not in the folder
 */
export async function choosePhotos(
  path: string,
  folder: string,
  people: readonly PersonFolder[],
): Promise<PersonFolder[]> {
  const wanted = new Set<string>();
  for (const line of await readLines(path)) {
    const photo = line.trim().normalize("NFC");
    if (photo === "") continue;
    if (wanted.has(photo)) {
      throw new ListFileError(`The list of photos ${path} names ${escapeText(photo)} twice`);
    }
    wanted.add(photo);
  }
  if (wanted.size === 0) throw new ListFileError(`The list of photos ${path} is empty`);
  const nameOf = (photo: string) => relative(folder, photo).replaceAll("\\", "/").normalize("NFC");
  const chosen = people.map(({ person, photos }) => ({
    person,
    photos: photos.filter((photo) => wanted.delete(nameOf(photo))),
  })).filter(({ photos }) => photos.length > 0);
  const [missing] = wanted;
  if (missing !== undefined) {
    throw new ListFileError(
      `${wanted.size} of the photos in ${path} are not in ${folder}, such as ${
        escapeText(missing)
      }`,
    );
  }
  return chosen;
}
