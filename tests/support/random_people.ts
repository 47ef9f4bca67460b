/** People for tests whose faces are random directions: the same at every run. */

import { normalize } from "../../worker/vector.ts";
import { seededRandom } from "./seeded_random.ts";

/**
 * Makes people. Two photos of one have a cosine of about `likeness`², of two people about 0.
 *
 * @param people How many
 * @param photos Of each
 * @param dimension Length of an embedding
 * @param likeness How much of a photo is the person, 0 to 1
 * @returns Embeddings, L2-normalised
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
      const chance = direction();
      return normalize(person.map((value, i) => likeness * value + noise * chance[i]!));
    });
  });
}

/** Directions by Box and Muller. */
function randomDirections(dimension: number): () => Float32Array {
  const uniform = seededRandom(20_240_501);
  const gauss = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return () => normalize(Array.from({ length: dimension }, gauss));
}
