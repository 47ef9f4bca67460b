/** Reads a file that lists photos and pairs of people to leave out of a measurement. */

import { basename } from "node:path";
import { escapeText } from "../gallery/gallery_entry.ts";
import type { PersonFolder } from "./photo_folder.ts";
import { readBoundedFile } from "./read_bounded_file.ts";

/** Largest size of the file. */
const MAX_BYTES = 1 << 20;

/** Text between the two names of a pair. */
const PAIR = " = ";

/** Error for a file of exclusions that cannot be used; the one-line message names the file. */
export class ExclusionError extends Error {
  override readonly name = "ExclusionError";
}

/** People and photos that remain, and pairs of people that must not be compared. */
export interface RemainingPhotos {
  /** The people in the given order, without the photos that are left out. */
  readonly people: readonly PersonFolder[];
  /** Indexes in `people` of two people who are one person, or who are relatives. */
  readonly excludedPairs: readonly (readonly [number, number])[];
}

/**
 * Reads the file, and leaves out what it lists. Each line is one of these:
 *
 * - `PERSON/PHOTO` leaves out one photo.
 * - `PERSON` leaves out all photos of a person.
 * - `PERSON = PERSON` leaves out the comparisons of two people.
 * - An empty line, or a line that begins with `#`, has no meaning.
 *
 * @param path Path of the file, a UTF-8 text of at most 1 MiB
 * @param people People as `listPhotoFolder` lists them
 * @throws {ExclusionError} when the file cannot be read, is too large, or names a person or a photo
 * that is not in the folder
 */
export async function readExclusions(
  path: string,
  people: readonly PersonFolder[],
): Promise<RemainingPhotos> {
  return leaveOut(await readText(path), path, people);
}

async function readText(path: string): Promise<string> {
  const bytes = await readBoundedFile(path, MAX_BYTES, ExclusionError);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ExclusionError(`The file ${path} is not a UTF-8 text`, { cause });
  }
}

function leaveOut(text: string, path: string, people: readonly PersonFolder[]): RemainingPhotos {
  const indexOf = new Map(people.map(({ person }, index) => [person, index]));
  const photos = new Set(
    people.flatMap(({ person, photos }) => photos.map((photo) => photoName(person, photo))),
  );
  const leftPeople = new Set<number>(), leftPhotos = new Set<string>();
  const excludedPairs: [number, number][] = [];
  text.split(/\r?\n/).forEach((raw, row) => {
    const line = raw.normalize("NFC").trim();
    if (line === "" || line.startsWith("#")) return;
    const person = indexOf.get(line);
    if (person !== undefined) return void leftPeople.add(person);
    if (photos.has(line)) return void leftPhotos.add(line);
    const pair = findPair(line, indexOf);
    if (pair !== undefined) return void excludedPairs.push(pair);
    throw new ExclusionError(
      `${path}, line ${row + 1}: ${escapeText(line.slice(0, 200))} is neither a photo ` +
        "(PERSON/PHOTO) nor a person of the folder, nor a pair of them (PERSON = PERSON)",
    );
  });
  return {
    people: people.map(({ person, photos }, index) => ({
      person,
      photos: leftPeople.has(index)
        ? []
        : photos.filter((photo) => !leftPhotos.has(photoName(person, photo))),
    })),
    excludedPairs,
  };
}

/** Returns the name of a photo in a file of exclusions: PERSON/PHOTO. */
export function photoName(person: string, photo: string): string {
  return `${person}/${basename(photo).normalize("NFC")}`;
}

/** Returns the line of a file of exclusions that leaves out the comparisons of two people. */
export function pairName(a: string, b: string): string {
  return a + PAIR + b;
}

/** Finds the two people of a line. Their names may contain the separator, too. */
function findPair(
  line: string,
  indexOf: ReadonlyMap<string, number>,
): [number, number] | undefined {
  for (let at = line.indexOf(PAIR); at !== -1; at = line.indexOf(PAIR, at + 1)) {
    const a = indexOf.get(line.slice(0, at)), b = indexOf.get(line.slice(at + PAIR.length));
    if (a !== undefined && b !== undefined && a !== b) return [a, b];
  }
  return undefined;
}
