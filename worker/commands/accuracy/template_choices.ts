/** Chooses which photos of a user are the templates. */

import { seededRandom } from "../../../shared/seeded_random.ts";

/**
 * Returns choices of `size` out of `count` photos: all of them, or `limit` different ones when there
 * are more. They are the same in every run.
 *
 * @returns Indexes of photos, ascending in each choice
 */
export function chooseTemplates(count: number, size: number, limit: number): number[][] {
  if (countChoices(count, size) <= limit) return allChoices(count, size);
  const random = seededRandom(count * 31 + size);
  const choices = new Map<string, number[]>();
  while (choices.size < limit) {
    const chosen = new Set<number>();
    while (chosen.size < size) chosen.add(Math.floor(random() * count));
    const choice = [...chosen].sort((a, b) => a - b);
    choices.set(choice.join(), choice);
  }
  return [...choices.values()];
}

function countChoices(count: number, size: number): number {
  let choices = 1;
  for (let i = 0; i < size; i++) choices = choices * (count - i) / (i + 1);
  return Math.round(choices);
}

function allChoices(count: number, size: number, from = 0): number[][] {
  if (size === 0) return [[]];
  const choices: number[][] = [];
  for (let first = from; first <= count - size; first++) {
    for (const rest of allChoices(count, size - 1, first + 1)) choices.push([first, ...rest]);
  }
  return choices;
}
