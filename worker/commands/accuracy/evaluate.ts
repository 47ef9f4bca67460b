/** Computes error rates of the recognition over all pairs of photos of several people. */

import { cosine } from "../../vector.ts";

/** The embeddings of each person's photos, L2-normalised; undefined for a refused photo. */
export type LabelledEmbeddings = readonly (readonly (Float32Array | undefined)[])[];

/** The cosines of all pairs of photos. A pair with a refused photo has no cosine: it never matches. */
export interface PairScores {
  /** Cosines between two photos of one person, ascending. */
  readonly genuine: Float64Array;
  /** Cosines between photos of two people, ascending. */
  readonly impostor: Float64Array;
  /** Number of pairs of one person, with refused photos included; at least 1. */
  readonly genuinePairs: number;
  /** Number of pairs of two people, with refused photos included; at least 1. */
  readonly impostorPairs: number;
}

/**
 * Compares every photo with every other.
 *
 * @throws {RangeError} when there is no pair of one person or no pair of two
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
      if (same) genuinePairs++;
      else impostorPairs++;
      if (a.embedding === undefined || b.embedding === undefined) continue;
      (same ? genuine : impostor).push(cosine(a.embedding, b.embedding));
    }
  });
  if (genuinePairs === 0 || impostorPairs === 0) {
    throw new RangeError("Accuracy needs two photos of one person and a photo of another");
  }
  return {
    genuine: Float64Array.from(genuine).sort(),
    impostor: Float64Array.from(impostor).sort(),
    genuinePairs,
    impostorPairs,
  };
}

/**
 * Returns the share of one person's pairs that score below the threshold or have a refused photo, 0
 * to 1.
 */
export function falseRejectionRate(scores: PairScores, threshold: number): number {
  return 1 - countAtLeast(scores.genuine, threshold) / scores.genuinePairs;
}

/** Returns the share of two people's pairs that score the threshold or more, 0 to 1. */
export function falseAcceptanceRate(scores: PairScores, threshold: number): number {
  return countAtLeast(scores.impostor, threshold) / scores.impostorPairs;
}

/** Result when no pair of two people may match. */
export interface ZeroFar {
  /** Share of one person's pairs that score above every pair of two people, 0 to 1. */
  readonly tar: number;
  /** The highest cosine between two people: a match must exceed it. */
  readonly highestImpostor: number;
}

/** Returns the share of one person's pairs that match when no pair of two people matches. */
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

/** Returns FAR and FRR at every cosine that occurs, by rising threshold. */
export function detPoints(scores: PairScores): DetPoint[] {
  const thresholds = new Set([...scores.genuine, ...scores.impostor].sort((a, b) => a - b));
  return Array.from(thresholds, (threshold) => ({
    threshold,
    far: falseAcceptanceRate(scores, threshold),
    frr: falseRejectionRate(scores, threshold),
  }));
}

/**
 * Returns the FRR of 1:1 verification when each user has `templates` templates and the best of them
 * counts. It is the mean over every photo as probe and every choice of templates among the person's
 * other photos. When b of m accepted photos are below the threshold, a choice of k misses with the
 * probability C(b, k) / C(m, k). A refused photo is a missed probe and not a template.
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

/** Counts the ascending scores that are below, by bisection. */
function countBelow(sorted: Float64Array, isBelow: (score: number) => boolean): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBelow(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
