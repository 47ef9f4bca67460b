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
  const total = (perPerson: number) =>
    people.reduce((sum, { photos }) => sum + Math.min(photos.length, perPerson), 0);
  let perPerson = MAX_PHOTOS_PER_PERSON;
  while (perPerson > 1 && total(perPerson) > MAX_PHOTOS) perPerson--;
  const withPhotos = people.filter(({ photos }) => photos.length > 0);
  const chosen = new Set(spread(withPhotos, MAX_PHOTOS));
  return people.map((folder) => ({
    person: folder.person,
    photos: perPerson > 1 || chosen.has(folder) ? spread(folder.photos, perPerson) : [],
  }));
}

/** Returns at most `count` values, spread evenly over the list and in its order. */
export function spread<Value>(values: readonly Value[], count: number): Value[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.floor(i * values.length / count)]!);
}
