/** Finds the vectors nearest to a probe, and computes their similarities in double precision. */

import type { Segment } from "./gallery.ts";
import type { Scan, SearchedVectors } from "./scan.ts";
import { dot } from "./vector.ts";

/** Vectors that can be searched, with their place among all. */
export type SearchedSegment = Segment & SearchedVectors;

/** The vector nearest to a probe. */
export interface NearestVector {
  /** Index of the vector, counted over all segments. */
  readonly index: number;
  /** Inner product with the probe, −1 to 1. */
  readonly similarity: number;
  /** Highest inner product with another vector; undefined when there is no other one. */
  readonly runnerUp: number | undefined;
}

/**
 * Finds the vector with the highest inner product with a probe, and that of the second one.
 *
 * @param segments All vectors, each as long as the probe
 * @param probe Embedding, L2-normalised
 * @param scan Finds the nearest vectors of a segment
 * @param except Index of a vector that is not compared; all are compared by default
 * @returns The nearest vector; the first one when several are equally near. undefined when there is
 * none, or the probe contains NaN
 */
export function findNearest(
  segments: Iterable<SearchedSegment>,
  probe: Float32Array,
  scan: Scan,
  except = -1,
): NearestVector | undefined {
  const wanted = except < 0 ? 2 : 3;
  let index = -1, similarity = -Infinity, runnerUp = -Infinity;
  for (const segment of segments) {
    const { first, vectors } = segment;
    for (const i of scan(segment, probe, wanted)) {
      if (first + i === except) continue;
      const another = dot(vectors, i * probe.length, probe);
      if (another > similarity) {
        [index, similarity, runnerUp] = [first + i, another, similarity];
      } else if (another > runnerUp) {
        runnerUp = another;
      }
    }
  }
  if (index < 0) return undefined;
  return {
    index,
    similarity: clampCosine(similarity),
    runnerUp: runnerUp === -Infinity ? undefined : clampCosine(runnerUp),
  };
}

/**
 * Returns the similarity of a probe and one user's vector, −1 to 1; undefined when the probe contains
 * NaN.
 *
 * @param vector As long as the probe
 * @param probe Embedding, L2-normalised
 */
export function compare(vector: Float32Array, probe: Float32Array): number | undefined {
  const similarity = dot(vector, 0, probe);
  return Number.isNaN(similarity) ? undefined : clampCosine(similarity);
}

const clampCosine = (similarity: number): number => Math.min(Math.max(similarity, -1), 1);
