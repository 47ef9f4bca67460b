/** Compares two ways to use several templates of a user: the nearest one, or their fused vector. */

import { fuse } from "../../../matching/fuse.ts";
import { cosine } from "../../../matching/vector.ts";
import type { LabelledEmbeddings } from "../strangers/stranger_cosines.ts";
import { chooseTemplates } from "./template_choices.ts";

/** `nearest`: the nearest template counts. `fused`: the vector counts that a gallery has for them. */
export type TemplateUse = "nearest" | "fused";

/** Number of the bins between the cosines −1 and 1. Each is 2e-6 wide. */
const BINS = 1_048_576;
/** Choices of templates for each user: for the user's own photos, and for strangers. */
const MAX_CHOICES = 252;
const MAX_STRANGER_CHOICES = 10;
/** Comparisons of all users with strangers. With more, only some strangers are compared. */
const MAX_COMPARISONS = 3_000_000;

/** Error rates of 1:1 verification, when each user has the same number of templates. */
export interface TemplateRates {
  /** Number of users who have enough photos. */
  readonly users: number;
  /** Number of comparisons with strangers. */
  readonly strangers: number;
  /**
   * Returns the FRR: the mean over all choices of templates from a user's accepted photos, over the
   * user's other photos, and then over the users. A refused photo is a missed probe when
   * `withRefused` is true, otherwise it does not count.
   */
  frr(use: TemplateUse, threshold: number, withRefused: boolean): number;
  /** Returns the share of the strangers who reach the threshold; some may lie 2e-6 below it. */
  fmr(use: TemplateUse, threshold: number): number;
  /** Returns the smallest threshold that at most this share of the strangers reach. */
  thresholdAt(use: TemplateUse, fmr: number): number;
}

interface UserScores {
  readonly nearest: readonly number[];
  readonly fused: readonly number[];
  readonly refused: number;
}

/**
 * Measures users with `templates` templates each.
 *
 * @param minPhotos Smallest number of accepted photos of a user (default: one more than templates)
 * @returns undefined when nobody has enough photos
 */
export function templateRates(
  people: LabelledEmbeddings,
  templates: number,
  minPhotos: number = templates + 1,
): TemplateRates | undefined {
  const users = people.map((photos, owner) => ({
    owner,
    accepted: photos.filter((photo) => photo !== undefined),
    refused: photos.filter((photo) => photo === undefined).length,
  })).filter(({ accepted }) => accepted.length >= minPhotos);
  if (users.length === 0) return undefined;
  const photos = people.flatMap((person, owner) =>
    person.flatMap((embedding) => embedding === undefined ? [] : [{ owner, embedding }])
  );
  const choices = (accepted: readonly unknown[], limit: number) =>
    chooseTemplates(accepted.length, templates, limit);
  const strangerChoices = users.map(({ accepted }) => choices(accepted, MAX_STRANGER_CHOICES));
  const budget = MAX_COMPARISONS / strangerChoices.flat().length;
  const step = Math.max(1, Math.ceil(photos.length / budget));
  const bins = { nearest: new Uint32Array(BINS), fused: new Uint32Array(BINS) };
  let strangers = 0;
  const scores = users.map(({ owner, accepted, refused }, user): UserScores => {
    const scales = strangerChoices[user]!.map((choice) => scaleOfSum(accepted, choice));
    for (let i = user % step; i < photos.length; i += step) {
      if (photos[i]!.owner === owner) continue;
      const cosines = accepted.map((template) => cosine(template, photos[i]!.embedding));
      strangerChoices[user]!.forEach((choice, c) => {
        strangers++;
        bins.nearest[binOf(highest(cosines, choice))]!++;
        bins.fused[binOf(sum(cosines, choice) * scales[c]!)]!++;
      });
    }
    return compareOwnPhotos(accepted, choices(accepted, MAX_CHOICES), refused);
  });
  const reaching = { nearest: sumFromAbove(bins.nearest), fused: sumFromAbove(bins.fused) };
  return {
    users: users.length,
    strangers,
    frr: (use, threshold, withRefused) => meanRejection(scores, use, threshold, withRefused),
    fmr: (use, threshold) => threshold > 1 ? 0 : reaching[use][binOf(threshold)]! / strangers,
    thresholdAt: (use, fmr) => lowestReachedBy(reaching[use], fmr * strangers),
  };
}

function compareOwnPhotos(
  accepted: readonly Float32Array[],
  choices: readonly (readonly number[])[],
  refused: number,
): UserScores {
  const nearest: number[] = [], fused: number[] = [];
  const cosines = accepted.map((a) => accepted.map((b) => cosine(a, b)));
  for (const choice of choices) {
    const scale = scaleOfSum(accepted, choice);
    for (const [probe, others] of cosines.entries()) {
      if (choice.includes(probe)) continue;
      nearest.push(highest(others, choice));
      fused.push(sum(others, choice) * scale);
    }
  }
  // Each refused photo counts as often as each accepted photo is a probe.
  return { nearest, fused, refused: refused * nearest.length / accepted.length };
}

function meanRejection(
  scores: readonly UserScores[],
  use: TemplateUse,
  threshold: number,
  withRefused: boolean,
): number {
  let total = 0;
  for (const user of scores) {
    const refused = withRefused ? user.refused : 0;
    const below = user[use].filter((score) => score < threshold).length;
    total += (below + refused) / (user[use].length + refused);
  }
  return total / scores.length;
}

/**
 * Returns the number by which the sum of the chosen templates is multiplied in a gallery. So the
 * similarity with the fused vector is the sum of the templates' cosines, times this number.
 */
function scaleOfSum(photos: readonly Float32Array[], choice: readonly number[]): number {
  const templates = choice.map((i) => photos[i]!);
  const sum = new Float64Array(templates[0]!.length);
  for (const template of templates) template.forEach((value, j) => sum[j]! += value);
  let product = 0, square = 0;
  fuse(templates).forEach((value, j) => {
    product += value * sum[j]!;
    square += sum[j]! ** 2;
  });
  return square === 0 ? 0 : product / square;
}

function highest(cosines: readonly number[], choice: readonly number[]): number {
  let best = -Infinity;
  for (const i of choice) best = Math.max(best, cosines[i]!);
  return best;
}

function sum(cosines: readonly number[], choice: readonly number[]): number {
  let total = 0;
  for (const i of choice) total += cosines[i]!;
  return total;
}

function binOf(cosine: number): number {
  return Math.min(Math.max(Math.floor((cosine + 1) / 2 * BINS), 0), BINS - 1);
}

/** Returns the number of scores in each bin and all bins above it. */
function sumFromAbove(bins: Uint32Array): Float64Array {
  const sums = new Float64Array(bins.length);
  let sum = 0;
  for (let i = bins.length - 1; i >= 0; i--) sums[i] = sum += bins[i]!;
  return sums;
}

/** Returns the lower end of the lowest bin that at most this number of scores reach. */
function lowestReachedBy(reaching: Float64Array, allowed: number): number {
  let low = 0, high = BINS;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reaching[middle]! > allowed) low = middle + 1;
    else high = middle;
  }
  return 2 * low / BINS - 1;
}
