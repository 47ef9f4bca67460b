/** Computes the points of a DET curve. */

import { falseAcceptanceRate, falseRejectionRate, type PairScores } from "./evaluate.ts";

/** One point of a DET curve. */
export interface DetPoint {
  readonly threshold: number;
  /** False acceptance rate, 0 to 1. */
  readonly far: number;
  /** False rejection rate, 0 to 1. */
  readonly frr: number;
}

/** Two neighbouring points differ by about this share. */
const STEP = 0.01;

/**
 * Returns FAR and FRR at cosines that occur, from the lowest cosine to the highest. Of many cosines
 * that are close to each other, only some have a point: so the number of points grows with the
 * logarithm of the number of pairs.
 */
export function detPoints(scores: PairScores): DetPoint[] {
  const { genuine, strangers: { top, histogram } } = scores;
  const below = top.cosines.at(-1) ?? -1;
  const thresholds = new Set([
    ...spreadRanks(genuine.length).map((rank) => genuine[rank]!),
    ...spreadRanks(top.cosines.length).map((rank) => top.cosines[rank]!),
    ...lowerEnds(histogram.counts).filter((cosine) => cosine < below),
  ]);
  const points: DetPoint[] = [];
  for (const threshold of [...thresholds].sort((a, b) => a - b)) {
    const far = falseAcceptanceRate(scores, threshold);
    const frr = falseRejectionRate(scores, threshold);
    points.push({ threshold, far, frr });
  }
  return points;
}

/** Returns 0, 1, 2 … count − 1, with gaps that grow from both ends to the middle. */
function spreadRanks(count: number): number[] {
  const ranks = new Set<number>();
  for (let rank = 0; rank < count; rank += Math.max(1, Math.floor(rank * STEP))) {
    ranks.add(rank).add(count - 1 - rank);
  }
  return [...ranks].sort((a, b) => a - b);
}

/** Returns about 1,000 of the lower ends of the bins that contain pairs. */
function lowerEnds(bins: Readonly<Float64Array>): number[] {
  const step = Math.ceil(bins.length / 1024);
  return Array.from({ length: Math.floor(bins.length / step) }, (_, i) => i * step)
    .filter((bin) => bins.subarray(bin, bin + step).some((count) => count > 0))
    .map((bin) => 2 * bin / bins.length - 1);
}
