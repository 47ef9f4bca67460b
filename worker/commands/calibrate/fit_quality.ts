/** Fits the bounds of a face's quality to good photos and to the same photos turned. */

import { type QualityBounds, UNCALIBRATED_BOUNDS } from "../../../models/calibration.ts";
import { FAULTS } from "../faults.ts";

/** Faults that the bounds are fitted to: the photo on either side, and upside down. */
export const QUARTER_TURNS = FAULTS.filter(({ name }) =>
  ["turned by 90°", "turned by 180°", "turned by 270°"].includes(name)
);

/** Standard deviations above the mean that 1 % of a normal distribution exceeds. */
const ONE_PERCENT = 2.33;

/** Share of the good photos that the length of the embedding may refuse. */
const MAX_REFUSED = 0.01;

/**
 * Fits the bounds of a face's quality. The length of the embedding is the measure that tells turned
 * faces from good ones. The bound is the length that 1 % of the turned photos exceed, for the turn
 * with the longest embeddings. It is never so high that it refuses more than 1 % of the good photos:
 * a model whose lengths say little gets a low bound. The angle and the distance from a mean face do
 * not depend on the recognition model, so their bounds are constants.
 *
 * @param good Lengths of the embeddings of good photos, at least one
 * @param turned For each turn, the lengths of the embeddings of the turned photos
 */
export function fitQualityBounds(
  good: readonly number[],
  turned: readonly (readonly number[])[],
): QualityBounds {
  const lengths = [quantile(good, MAX_REFUSED)];
  const exceeded = turned.filter(({ length }) => length > 1).map(exceededByOnePercent);
  if (exceeded.length > 0) lengths.push(Math.max(...exceeded));
  return { ...UNCALIBRATED_BOUNDS, min_embedding_length: roundDown(Math.min(...lengths)) };
}

function exceededByOnePercent(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) /
    (values.length - 1);
  return mean + ONE_PERCENT * Math.sqrt(variance);
}

/** Returns the value below which the given share of the values lies, by linear interpolation. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1), below = Math.floor(place);
  const low = sorted[below]!, high = sorted[Math.ceil(place)]!;
  return low + (high - low) * (place - below);
}

/**
 * Rounds to three digits. Never rounds up: when a model scales its embeddings itself, all have the
 * same length except for rounding, and a bound above it would refuse good photos at random.
 */
function roundDown(value: number): number {
  if (!(value > 0)) return 0;
  const digits = 2 - Math.floor(Math.log10(value));
  return Number((Math.floor(value * 10 ** digits * (1 - 1e-6)) / 10 ** digits).toPrecision(3));
}
