/** Formats suspected errors in the names of photos. */

import { pairName, photoName } from "../exclusions.ts";
import type { PersonFolder } from "../photo_folder.ts";
import { printable } from "../printable.ts";
import type { StrangerCosines } from "../strangers/stranger_cosines.ts";
import { findSamePeople, findStrangePhotos } from "./find_suspects.ts";

/** Largest number of lines of each kind. */
const MAX_LINES = 200;

/**
 * Lists people who look like one person, and photos that look like nobody of their name. The lines
 * are those of a file of exclusions. A comment after each group of lines says what to do.
 *
 * @param people Names of the people, and the paths of their accepted photos
 * @param embeddings Embeddings of these photos
 * @param strangers Result of `strangerCosines` for them
 */
export function formatSuspects(
  people: readonly PersonFolder[],
  embeddings: readonly (readonly Float32Array[])[],
  strangers: StrangerCosines,
): string {
  const photo = (person: number, index: number) =>
    printable(photoName(people[person]!.person, people[person]!.photos[index]!));
  const pairs = findSamePeople(strangers).map(({ a, b, cosine }) => [
    `# cosine ${cosine.toFixed(3)}: ${photo(...a)} and ${photo(...b)}`,
    printable(pairName(people[a[0]]!.person, people[b[0]]!.person)),
  ]);
  const photos = findStrangePhotos(embeddings, strangers.histogram).map((found) => [
    `# cosine ${found.cosine.toFixed(3)} to the most similar photo of the same name`,
    photo(found.person, found.embedding),
  ]);
  if (pairs.length + photos.length === 0) return "No name of a photo looks wrong\n";
  return [
    "# Look at these photos. Names that are wrong make the calibration wrong. Put the lines that are",
    "# right into a file, and run the command again with --exclude FILE.",
    ...group(
      "# People who look like one person (about one such pair is expected by chance):",
      pairs,
    ),
    ...group("# Photos that look like nobody of their name:", photos),
    "",
  ].join("\n");
}

function group(title: string, entries: readonly (readonly string[])[]): string[] {
  if (entries.length === 0) return [];
  const more = entries.length - MAX_LINES;
  return [
    "#",
    title,
    ...entries.slice(0, MAX_LINES).flat(),
    ...more > 0 ? [`# and ${more} more`] : [],
  ];
}
