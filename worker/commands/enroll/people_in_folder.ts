/** Lists the people of a folder of photos. */

import { listPhotoFolder, personName, type SkippedFile } from "../photo_folder.ts";
import type { PersonToEnrol } from "./enroll.ts";

/** The people of a folder, and the files that are not their photos. */
export interface PeopleToEnrol {
  readonly people: readonly PersonToEnrol[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Lists the people: the name of a person's folder is the user_id and, with spaces instead of
 * underscores, the name.
 *
 * @throws {PhotoFolderError} when the folder cannot be read
 */
export async function listPeopleInFolder(from: string): Promise<PeopleToEnrol> {
  const { people, skipped } = await listPhotoFolder(from);
  return {
    people: people.map(({ person, photos }) => ({
      userId: person,
      name: personName(person),
      photos,
    })),
    skipped,
  };
}
