/** Draws people at random, to estimate how much a figure depends on them. */

import { seededRandom } from "../../shared/seeded_random.ts";

/**
 * Draws as many people as there are, with replacement, again and again: the bootstrap (Efron,
 * "Bootstrap Methods: Another Look at the Jackknife", 1979). The draws are the same in every run.
 *
 * @param people Number of people
 * @param draws Number of draws
 * @returns For each draw, the number of times that each person counts
 */
export function* drawPeople(
  people: number,
  draws: number,
  seed: number,
): Generator<Float64Array, void, void> {
  const random = seededRandom(seed);
  for (let draw = 0; draw < draws; draw++) {
    const weights = new Float64Array(people);
    for (let i = 0; i < people; i++) weights[Math.floor(random() * people)]!++;
    yield weights;
  }
}
