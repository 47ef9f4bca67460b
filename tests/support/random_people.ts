/** Makes random embeddings of people for tests. They are the same in every run. */

import { normalize } from "../../matching/vector.ts";
import { seededRandom } from "./seeded_random.ts";

/**
 * Makes people with photos. Two photos of one person have a cosine of about `likeness`². Photos of
 * two people have a cosine of about 0.
 *
 * @param people Number of people
 * @param photos Number of photos of each person
 * @param dimension Length of an embedding
 * @param likeness Share of a photo that is the same in all photos of the person, 0 to 1
 * @returns The embeddings of each person's photos, L2-normalised
 */
export function randomPeople(
  people: number,
  photos: number,
  dimension: number,
  likeness: number,
): Float32Array[][] {
  const direction = randomDirections(dimension);
  const noise = Math.sqrt(1 - likeness * likeness);
  return Array.from({ length: people }, () => {
    const person = direction();
    return Array.from({ length: photos }, () => {
      const other = direction();
      return normalize(person.map((value, i) => likeness * value + noise * other[i]!));
    });
  });
}

/** Returns a function that makes random directions, by the method of Box and Muller. */
function randomDirections(dimension: number): () => Float32Array {
  const uniform = seededRandom(20_240_501);
  const gauss = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return () => normalize(Array.from({ length: dimension }, gauss));
}
