/** Finds the smallest similarity that is enough for a goal. */

/**
 * Returns the smallest cosine for which `isEnough` is true, by bisection.
 *
 * @param isEnough A function that, once true, is true for every higher cosine
 * @returns Cosine, −1 to 1; Infinity when no cosine is enough
 */
export function lowestSimilarity(isEnough: (similarity: number) => boolean): number {
  let below = -1, enough = 1;
  if (!isEnough(enough)) return Infinity;
  if (isEnough(below)) return below;
  for (;;) {
    const middle = (below + enough) / 2;
    if (middle <= below || middle >= enough) return enough;
    if (isEnough(middle)) enough = middle;
    else below = middle;
  }
}
