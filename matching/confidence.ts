/**
 * Computes a confidence from a similarity. The confidence is high when a stranger is unlikely to
 * reach this similarity. The same confidence has the same meaning for every model and gallery size.
 */

import type { Calibration } from "../models/calibration.ts";
import { regularizedIncompleteBeta } from "./incomplete_beta.ts";

export type { Calibration };

/**
 * FPIR (false positive identification rate) at which the confidence is one half. With this value,
 * the confidence is 0.7 (the default threshold) at one false positive in ten thousand. This is the
 * limit of NIST SP 800-63B for biometric false matches.
 */
const EVEN_ODDS_FPIR = 7 / 3e4;

/**
 * Returns the false match rate (FMR): the chance that a stranger's face is at least as similar to a
 * template as `similarity`.
 *
 * Imagine a sphere and one point on it. The chance is the share of the sphere's area that has at
 * least this cosine to the point. This part is a cap. If embeddings of strangers were random
 * directions in the dimensions that a model effectively uses, this would be the chance for any cosine
 * (Gong, Boddeti and Jain, "On the Intrinsic Dimensionality of Image Representations", CVPR 2019, and
 * "On the Capacity of Face Representation", ICCV 2019). They are not random: pairs of a man and a
 * woman, for example, are hardly ever similar. So the mean and the dimension are fitted to the most
 * similar pairs, and the cap describes only them. With d dimensions and t = similarity − mean, its
 * share of the area is ½·I(1 − t²; (d − 1)/2, ½) (S. Li, "Concise Formulas for the Area and Volume of
 * a Hyperspherical Cap", 2011).
 *
 * @param similarity Cosine; a value beyond ±1, which rounding can cause, counts as ±1
 * @param calibration Calibration of the recognition model
 * @returns 0 to 1; 1 for NaN, which excludes no stranger
 */
export function falseMatchRate(similarity: number, calibration: Calibration): number {
  if (Number.isNaN(similarity)) return 1;
  const { fitted_mean_cosine: mean, fitted_dimension: dimension } = calibration;
  const t = Math.min(Math.max(similarity - mean, -1), 1);
  const beyond = (1 - t) * (1 + t);
  const cap = 0.5 * regularizedIncompleteBeta(beyond, (dimension - 1) / 2, 0.5, t * t);
  return t < 0 ? 1 - cap : cap;
}

/**
 * Returns the false positive identification rate (FPIR): the chance that a stranger matches any of
 * N templates. It is 1 − (1 − FMR)ᴺ, which assumes that the scores are independent.
 *
 * @param fmr Chance of a false match with one template, 0 to 1
 * @param compared Number of templates N, at least 0
 * @returns 0 to 1
 */
export function falsePositiveIdentificationRate(fmr: number, compared: number): number {
  if (compared === 0) return 0;
  return -Math.expm1(compared * Math.log1p(-fmr));
}

/**
 * Returns the confidence of a match: 1 / (1 + FPIR · 3e4/7). The confidence is 0.96 at an FPIR of
 * one stranger in 100,000, 0.7 at one in 10,000, and 0.19 at one in 1,000.
 *
 * @example The same similarity means less in a larger gallery
 * ```ts
 * import { assert } from "@std/assert";
 *
 * const calibration = { fitted_mean_cosine: -0.054, fitted_dimension: 57 };
 * assert(confidence(0.5, 1, calibration) > 0.9);
 * assert(confidence(0.5, 2_000, calibration) < 0.3);
 * ```
 *
 * @param similarity Similarity of the probe and a user's vector, which is fused of the templates
 * @param compared Number of templates of which the compared vectors are fused
 * @param calibration Calibration of the recognition model
 * @returns 0 to 1; 0 when no template was compared, or a number is not finite
 */
export function confidence(
  similarity: number,
  compared: number,
  calibration: Calibration,
): number {
  if (!Number.isFinite(similarity) || !Number.isFinite(compared) || compared <= 0) return 0;
  const fmr = falseMatchRate(similarity, calibration);
  return 1 / (1 + falsePositiveIdentificationRate(fmr, compared) / EVEN_ODDS_FPIR);
}
