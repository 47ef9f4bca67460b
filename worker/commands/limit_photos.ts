/** Chooses photos of a large folder, so that a measurement takes a bounded time. */

import type { PersonFolder } from "./photo_folder.ts";

/**
 * Largest number of photos of one person. Somebody with 500 photos would otherwise be in a large
 * part of all pairs, and the result would describe this one face.
 */
export const MAX_PHOTOS_PER_PERSON = 10;

/** Largest number of photos of all people. They make about 200 million pairs. */
export const MAX_PHOTOS = 20_000;

/**
 * Chooses at most {@linkcode MAX_PHOTOS_PER_PERSON} photos of each person, and at most
 * {@linkcode MAX_PHOTOS} in all: when there are more, it chooses fewer of each person, and at last
 * fewer people. The chosen photos and people are spread evenly over the lists. So the same folder
 * always gives the same photos.
 *
 * @returns The people in the given order; the list of photos is empty for people who are not chosen
 */
export function limitPhotos(people: readonly PersonFolder[]): PersonFolder[] {
  let perPerson = MAX_PHOTOS_PER_PERSON;
  const chosen = () =>
    people.reduce((sum, { photos }) => sum + Math.min(photos.length, perPerson), 0);
  while (perPerson > 1 && chosen() > MAX_PHOTOS) perPerson--;
  const withPhotos = people.flatMap(({ photos }, index) => photos.length > 0 ? [index] : []);
  const remaining = new Set(spread(withPhotos, Math.max(MAX_PHOTOS, 1)));
  return people.map(({ person, photos }, index) => ({
    person,
    photos: chosen() > MAX_PHOTOS && !remaining.has(index) ? [] : spread(photos, perPerson),
  }));
}

/** Returns at most `count` values, spread evenly over the list and in its order. */
function spread<Value>(values: readonly Value[], count: number): Value[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.floor(i * values.length / count)]!);
}
