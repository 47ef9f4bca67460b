/** Fits a calibration to the highest cosines between different people. */

import { type Calibration, CalibrationSchema } from "../../../models/calibration.ts";
import { falseMatchRate } from "../../../matching/confidence.ts";
import type { CosineHistogram } from "../strangers/cosine_histogram.ts";

/** Shares of the pairs of strangers that the fit can use. */
const SHARES = [1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5];

/** Number of shares that the fit uses: the smallest ones that the pairs can show. */
const USED = 5;

/**
 * Smallest number of pairs that show a share. With fewer, the cosine depends too much on which
 * people they are.
 */
export const MIN_PAIRS_BEYOND = 30;

/** Dimension that the fit prefers when the pairs hardly tell dimensions apart. */
const USUAL_DIMENSION = 80;

/** Weight of the distance from {@linkcode USUAL_DIMENSION}, in decades squared. */
const PULL = 0.01;

/**
 * Largest distance of the fit from its points, in decades (root mean square): a factor of 1.4. All
 * fits to photos with right names were nearer than a factor of 1.1.
 */
const MAX_DISTANCE = 0.15;

/** Bounds of the two parameters, within those of CalibrationSchema. */
const MEANS = [-0.49, 0.89] as const;
const DIMENSIONS = [3, 4096] as const;

/**
 * Fits the two parameters of a calibration to the tail of the cosines between different people. At
 * the cosine that a share f of them exceeds, the calibration's false match rate must be f. The fit
 * takes the five smallest shares with at least {@linkcode MIN_PAIRS_BEYOND} pairs beyond, and
 * minimises the sum of (log10 rate − log10 f)². A weak pull towards a usual dimension decides when
 * there are few pairs.
 *
 * @param strangers Cosines of pairs of different people
 * @param minPairsBeyond Smallest number of pairs beyond each cosine of the fit
 * @returns Parameters, not rounded; undefined when fewer than two shares can be used, or when no
 * recognition model has such cosines
 */
export function fitTail(
  strangers: CosineHistogram,
  minPairsBeyond = MIN_PAIRS_BEYOND,
): Calibration | undefined {
  const points = SHARES
    .filter((share) => share * strangers.total >= minPairsBeyond)
    .slice(-USED)
    .map((share) => ({ share, cosine: strangers.exceededBy(share) }));
  if (points.length < 2) return undefined;
  const loss = (mean: number, logDimension: number): number => {
    const calibration = { fitted_mean_cosine: mean, fitted_dimension: 10 ** logDimension };
    let sum = PULL * (logDimension - Math.log10(USUAL_DIMENSION)) ** 2;
    for (const { share, cosine } of points) {
      // A rate of 0 has no logarithm.
      const rate = Math.max(falseMatchRate(cosine, calibration), 1e-300);
      sum += (Math.log10(rate) - Math.log10(share)) ** 2;
    }
    return sum;
  };
  const bestMean = (logDimension: number) =>
    minimise((mean) => loss(mean, logDimension), MEANS, 1e-7);
  const logDimension = minimise(
    (logDimension) => loss(bestMean(logDimension), logDimension),
    [Math.log10(DIMENSIONS[0]), Math.log10(DIMENSIONS[1])],
    1e-6,
  );
  const mean = bestMean(logDimension);
  if (loss(mean, logDimension) > points.length * MAX_DISTANCE ** 2) return undefined;
  return CalibrationSchema.safeParse({
    fitted_mean_cosine: mean,
    fitted_dimension: 10 ** logDimension,
  }).data;
}

/** Number of parts in which {@linkcode minimise} first looks for the lowest value. */
const PARTS = 16;

/**
 * Finds the minimum of a function: first on a grid, because the function may be flat or have a second
 * dent far away, and then around the best point of the grid by golden-section search (J. Kiefer,
 * "Sequential Minimax Search for a Maximum", 1953).
 */
function minimise(
  f: (x: number) => number,
  [from, to]: readonly [number, number],
  tolerance: number,
): number {
  const at = (part: number) => from + (to - from) * Math.min(Math.max(part, 0), PARTS) / PARTS;
  let best = 0, lowest = Infinity;
  for (let part = 0; part <= PARTS; part++) {
    const value = f(at(part));
    if (value < lowest) [best, lowest] = [part, value];
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  let low = at(best - 1), high = at(best + 1);
  let a = high - golden * (high - low), b = low + golden * (high - low);
  let fa = f(a), fb = f(b);
  while (high - low > tolerance) {
    if (fa < fb) {
      [high, b, fb] = [b, a, fa];
      a = high - golden * (high - low);
      fa = f(a);
    } else {
      [low, a, fa] = [a, b, fb];
      b = low + golden * (high - low);
      fb = f(b);
    }
  }
  return (low + high) / 2;
}
