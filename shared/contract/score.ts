/** The precision of scores in answers. */

/** Decimal places of a score. Each further place would help an attacker to improve a picture. */
const DECIMALS = 4;

/**
 * Rounds a score down to 4 decimal places. So a score below a threshold of up to 4 decimal places
 * never looks as if it reached the threshold.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(floorScore(0.69999), 0.6999);
 * assertEquals(floorScore(0.7), 0.7);
 * ```
 */
export function floorScore(score: number): number {
  // The product alone is inexact: 0.0003 * 10,000 is below 3.
  const nearest = Number(score.toFixed(DECIMALS));
  const floored = nearest <= score
    ? nearest
    : Number((nearest - 10 ** -DECIMALS).toFixed(DECIMALS));
  // Not -0.
  return floored + 0;
}
