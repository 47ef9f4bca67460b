/**
 * Turns a similarity into a confidence that means the same for every model and gallery size: how
 * sure one can be that a stranger would not have scored as high.
 */

import type { Calibration } from "../../models/calibration.ts";
import { regularizedIncompleteBeta } from "./incomplete_beta.ts";

/**
 * FPIR at which the confidence is one half: chosen so that it is 0.7, the default threshold, at one
 * false positive in ten thousand (the bound of NIST SP 800-63B on biometric false matches).
 */
const EVEN_ODDS_FPIR = 7 / 3e4;

/**
 * The chance that one stranger's face is at least as similar to a template as `similarity`: the
 * share of a sphere's area that lies within that cosine of a point. The sphere has the dimensions
 * that the model effectively uses (Gong, Boddeti and Jain, "On the Intrinsic Dimensionality of
 * Image Representations", CVPR 2019, and "On the Capacity of Face Representation", ICCV 2019). For
 * d dimensions and t = similarity − mean the cap's share is ½·I(1 − t²; (d − 1)/2, ½) (S. Li,
 * "Concise Formulas for the Area and Volume of a Hyperspherical Cap", 2011).
 *
 * @param similarity Cosine; what rounding brings beyond ±1 counts as ±1
 * @param calibration How the model scores strangers
 * @returns 0 to 1; 1 for NaN, since it rules nobody out
 */
export function falseMatchRate(similarity: number, calibration: Calibration): number {
  if (Number.isNaN(similarity)) return 1;
  const { mean_impostor_cosine: mean, effective_dimension: dimension } = calibration;
  const t = Math.min(Math.max(similarity - mean, -1), 1);
  const beyond = (1 - t) * (1 + t);
  const cap = 0.5 * regularizedIncompleteBeta(beyond, (dimension - 1) / 2, 0.5, t * t);
  return t < 0 ? 1 - cap : cap;
}

/**
 * The chance that a stranger is mistaken for anybody among `compared` templates:
 * 1 − (1 − FMR)ᴺ, as if their scores were independent.
 *
 * @param fmr Chance of a false match with one template, 0 to 1
 * @param compared Templates, at least 0
 * @returns 0 to 1
 */
export function falsePositiveIdentificationRate(fmr: number, compared: number): number {
  if (compared === 0) return 0;
  return -Math.expm1(compared * Math.log1p(-fmr));
}

/**
 * How sure a match is: 1 / (1 + FPIR · 3e4/7). That is 0.96 where one stranger in 100,000 would be
 * accepted, 0.7 at one in 10,000 and 0.19 at one in 1,000.
 *
 * @param similarity Cosine between the probe and the nearest template
 * @param compared Templates that were compared to find it
 * @param calibration How the model scores strangers
 * @returns 0 to 1; 0 when nothing was compared, or a number is not finite
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
