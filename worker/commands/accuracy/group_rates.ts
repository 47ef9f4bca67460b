/** Measures each group of people: strangers of one group resemble each other more. */

import type { Calibration } from "../../../models/calibration.ts";
import { confidence } from "../../../matching/confidence.ts";
import { type LabelledEmbeddings, type PairScores, scorePairs } from "./evaluate.ts";
import type { Group } from "./group_file.ts";
import { MIN_PAIRS, promisedFmrs, type PromisedRate } from "./measured_rates.ts";
import { balancedRejection } from "./weighted_rates.ts";

/** FMR that the measured FMRs of the groups are compared with. */
export const GROUP_FMR = 1e-4;

/** Error rates within a group. */
export interface GroupRates {
  readonly name: string;
  /** Number of people with an accepted photo. */
  readonly people: number;
  /** Number of pairs of accepted photos of two people of the group. */
  readonly pairs: number;
  /** The measured FMR where the calibration promises GROUP_FMR. */
  readonly fmr: PromisedRate;
  /** Cosine that a share of GROUP_FMR of the pairs reach; undefined with too few pairs. */
  readonly cosine: number | undefined;
  /** Confidence of that cosine, when one template is compared. */
  readonly confidence: number | undefined;
  /** Returns the FRR in which each person counts alike; undefined without two photos of a person. */
  readonly frr: (cosine: number) => number | undefined;
}

/**
 * Measures people together and in groups.
 *
 * @param people Embeddings of all people's photos
 * @param all Result of `comparePairs` for them
 * @param groups The groups
 * @returns Rates of all people, then of each group
 */
export function measureGroups(
  people: LabelledEmbeddings,
  all: PairScores,
  groups: readonly Group[],
  calibration: Calibration,
): GroupRates[] {
  const ofGroups = groups.map((group) => {
    const scores = scorePairs(group.people.map((index) => people[index]!));
    return measureGroup(group.name, scores, calibration);
  });
  return [measureGroup("all", all, calibration), ...ofGroups];
}

function measureGroup(name: string, scores: PairScores, calibration: Calibration): GroupRates {
  const { strangers, genuineOf } = scores;
  const [fmr] = promisedFmrs(scores, calibration, [GROUP_FMR]);
  const isSeen = strangers.pairs * GROUP_FMR >= MIN_PAIRS;
  const cosine = isSeen ? strangers.reachedBy(GROUP_FMR) : undefined;
  const alike = new Float64Array(genuineOf.length).fill(1);
  return {
    name,
    people: strangers.photosOf.filter((photos) => photos > 0).length,
    pairs: strangers.pairs,
    fmr: fmr!,
    cosine,
    confidence: cosine === undefined ? undefined : confidence(cosine, 1, calibration),
    frr: (cosine) => balancedRejection(genuineOf, alike, cosine),
  };
}

/** Returns the group that needs the highest cosine; undefined when none has enough pairs. */
export function strictestGroup(groups: readonly GroupRates[]): GroupRates | undefined {
  return groups.filter(({ cosine }) => cosine !== undefined)
    .toSorted((a, b) => b.cosine! - a.cosine!)[0];
}

/**
 * Returns the group whose strangers match most often. Groups with fewer than MIN_PAIRS matches are
 * not judged.
 */
export function worstGroup(groups: readonly GroupRates[]): GroupRates | undefined {
  const rate = ({ fmr, pairs }: GroupRates) => fmr.pairs / pairs;
  return groups.filter(({ fmr }) => fmr.pairs >= MIN_PAIRS)
    .toSorted((a, b) => rate(b) - rate(a))[0];
}
