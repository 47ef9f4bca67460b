/** Estimates how much a figure depends on the people it was measured on. */

import { drawPeople } from "../draw_people.ts";

/** A figure with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Computes figures from people of whom each counts a number of times. A figure is undefined when
 * these people are too few for it.
 */
export type Figures = (weights: Float64Array) => readonly (number | undefined)[];

const ROUNDS = 400;

/**
 * Returns figures with their 95 % intervals: percentile intervals of a bootstrap over people
 * ({@linkcode drawPeople}). An interval always contains its figure.
 *
 * @param people Number of people
 * @param figures Computes the figures
 * @returns undefined for a figure that all people together do not give
 */
export function bootstrap(people: number, figures: Figures): (Interval | undefined)[] {
  const values = figures(new Float64Array(people).fill(1));
  const drawn = values.map((): number[] => []);
  for (const weights of drawPeople(people, ROUNDS, 1)) {
    figures(weights).forEach((value, i) => value !== undefined && drawn[i]!.push(value));
  }
  return values.map((value, i) => {
    if (value === undefined) return undefined;
    const sorted = drawn[i]!.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? value;
    return { value, low: Math.min(at(0.025), value), high: Math.max(at(0.975), value) };
  });
}
