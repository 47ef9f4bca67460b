/** Computes error rates of the recognition over all pairs of photos of several people. */

import { cosine } from "../../vector.ts";

/** The embeddings of each person's photos, L2-normalised; undefined for a refused photo. */
export type LabelledEmbeddings = readonly (readonly (Float32Array | undefined)[])[];

/**
 * The cosines of all pairs of photos. In a pair, each photo is the template once and the probe once;
 * each of the two comparisons counts half. A refused photo is never a template. As a probe it has no
 * cosine and never matches.
 */
export interface PairScores {
  /** Cosines between two photos of one person, ascending. */
  readonly genuine: Float64Array;
  /** Cosines between photos of two people, ascending. */
  readonly impostor: Float64Array;
  /** Number of pairs of one person, above 0. A pair with one refused photo counts half. */
  readonly genuinePairs: number;
  /** Number of pairs of two people, above 0. A pair with one refused photo counts half. */
  readonly impostorPairs: number;
}

/**
 * Compares every photo with every other photo.
 *
 * @throws {RangeError} when there is no pair of one person or no pair of two people
 */
export function comparePairs(people: LabelledEmbeddings): PairScores {
  const genuine: number[] = [], impostor: number[] = [];
  let genuinePairs = 0, impostorPairs = 0;
  const photos = people.flatMap((person, owner) =>
    person.map((embedding) => ({ owner, embedding }))
  );
  photos.forEach((a, i) => {
    for (const b of photos.slice(i + 1)) {
      const same = a.owner === b.owner;
      const templates = [a, b].filter(({ embedding }) => embedding !== undefined).length;
      if (same) genuinePairs += templates / 2;
      else impostorPairs += templates / 2;
      if (a.embedding === undefined || b.embedding === undefined) continue;
      (same ? genuine : impostor).push(cosine(a.embedding, b.embedding));
    }
  });
  if (genuinePairs === 0 || impostorPairs === 0) {
    throw new RangeError("Accuracy needs two photos of one person and a photo of another person");
  }
  return {
    genuine: Float64Array.from(genuine).sort(),
    impostor: Float64Array.from(impostor).sort(),
    genuinePairs,
    impostorPairs,
  };
}

/**
 * Returns the share, 0 to 1, of the comparisons of one person's photos that are below the threshold
 * or have a refused probe.
 */
export function falseRejectionRate(scores: PairScores, threshold: number): number {
  return 1 - countAtLeast(scores.genuine, threshold) / scores.genuinePairs;
}

/** Returns the share, 0 to 1, of the pairs of two people that reach the threshold. */
export function falseAcceptanceRate(scores: PairScores, threshold: number): number {
  return countAtLeast(scores.impostor, threshold) / scores.impostorPairs;
}

/** Result of {@linkcode tarAtZeroFar}. */
export interface ZeroFar {
  /** Share, 0 to 1, of the pairs of one person that are above every pair of two people. */
  readonly tar: number;
  /** The highest cosine between two people: a match must exceed it. */
  readonly highestImpostor: number;
}

/** Returns the share of the pairs of one person that match when no pair of two people matches. */
export function tarAtZeroFar(scores: PairScores): ZeroFar {
  const highestImpostor = scores.impostor.at(-1) ?? -1;
  const above = scores.genuine.length - countBelow(scores.genuine, (s) => s <= highestImpostor);
  return { tar: above / scores.genuinePairs, highestImpostor };
}

/** One point of a DET curve. */
export interface DetPoint {
  readonly threshold: number;
  /** False acceptance rate, 0 to 1. */
  readonly far: number;
  /** False rejection rate, 0 to 1. */
  readonly frr: number;
}

/** Returns FAR and FRR at every cosine that occurs, from the lowest cosine to the highest. */
export function detPoints(scores: PairScores): DetPoint[] {
  const thresholds = new Set([...scores.genuine, ...scores.impostor].sort((a, b) => a - b));
  return Array.from(thresholds, (threshold) => ({
    threshold,
    far: falseAcceptanceRate(scores, threshold),
    frr: falseRejectionRate(scores, threshold),
  }));
}

/**
 * Returns the FRR of 1:1 verification when each user has `templates` templates and only the most
 * similar one counts. Each photo is a probe once. The result is the mean over all probes and over
 * all choices of templates from the person's other photos. When b of the m accepted other photos
 * are below the threshold, the probability that none of k chosen templates matches is
 * C(b, k) / C(m, k). A refused photo counts as a missed probe, and is never a template.
 *
 * @returns 0 to 1; undefined when no person has enough photos
 */
export function falseRejectionRateWithTemplates(
  people: LabelledEmbeddings,
  templates: number,
  threshold: number,
): number | undefined {
  let misses = 0, probes = 0;
  for (const person of people) {
    person.forEach((probe, i) => {
      const others = person.filter((other, j) => j !== i && other !== undefined);
      if (others.length < templates) return;
      probes++;
      if (probe === undefined) {
        misses++;
        return;
      }
      const below = others.filter((other) => cosine(probe, other!) < threshold).length;
      let miss = 1;
      for (let k = 0; k < templates; k++) miss *= Math.max(below - k, 0) / (others.length - k);
      misses += miss;
    });
  }
  return probes === 0 ? undefined : misses / probes;
}

const countAtLeast = (sorted: Float64Array, threshold: number): number =>
  sorted.length - countBelow(sorted, (score) => score < threshold);

/** Counts the scores for which `isBelow` is true, by bisection; the scores are ascending. */
function countBelow(sorted: Float64Array, isBelow: (score: number) => boolean): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
