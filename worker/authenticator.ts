/** Finds out whose face is in a picture, with the pipeline, the gallery and the threshold. */

import type { AuthenticateAnswer } from "../shared/contract/contract.ts";
import { pictureProblem } from "../shared/contract/picture_problem.ts";
import { floorScore } from "../shared/contract/score.ts";
import type { Probe } from "../shared/http/parse_probe.ts";
import type { Calibration } from "../models/calibration.ts";
import type { MatchConfig } from "./config.ts";
import { confidence } from "./gallery/confidence.ts";
import type { Gallery } from "./gallery/gallery.ts";
import { type Comparison, createMatcher } from "./gallery/match.ts";
import type { Box } from "./pipeline/image.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";

/** The answer to a probe, without its `duration_ms`. */
export type Identity = AuthenticateAnswer extends infer Answer
  ? Answer extends AuthenticateAnswer ? Omit<Answer, "duration_ms"> : never
  : never;

/** An identity, and what was observed beside it. Clients get only the identity. */
export type Observed = Identity & {
  /** Liveness score of the face, 0 to 1, when one is measured. No decision depends on it. */
  readonly liveness?: number;
};

/** Dependencies and settings of an authenticator. */
export interface AuthenticatorDeps {
  readonly pipeline: Pipeline;
  readonly gallery: Gallery;
  /** Returns the confidence of a match, 0 to 1. */
  readonly score: (comparison: Comparison) => number;
  /** Lowest confidence that is still a match. */
  readonly threshold: number;
}

/**
 * Answers one probe.
 *
 * @throws {Problem} the same as {@linkcode Pipeline.recognize}; `ambiguous_match` when two
 * users match
 */
export type Authenticator = (probe: Probe) => Promise<Observed>;

/** Makes an authenticator. A score that is not a number never matches. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { pipeline, gallery, score, threshold } = deps;
  const findNearest = createMatcher(gallery);
  return async ({ image, userId }) => {
    const { box, embedding, liveness } = await pipeline.recognize(image);
    const observed = liveness === undefined ? {} : { liveness };
    const face = { box: roundBox(box) };
    const nearest = findNearest(embedding, userId);
    if (nearest === undefined) return { matched: false, confidence: 0, face, ...observed };
    const { user, similarity, compared, runnerUp } = nearest;
    const confidence = score(nearest);
    if (!(confidence >= threshold)) {
      return { matched: false, confidence: 0, face, ...observed };
    }
    if (runnerUp !== undefined && !(score({ similarity: runnerUp, compared }) < threshold)) {
      throw pictureProblem("ambiguous_match");
    }
    return {
      matched: true,
      user_id: user.userId,
      user_name: user.name,
      confidence: floorScore(confidence),
      similarity: floorScore(similarity),
      face,
      ...observed,
    };
  };
}

/** Error: confidences are needed, but the recognition model has no calibration. */
export class NotCalibratedError extends Error {
  /** Name of the class. */
  override readonly name = "NotCalibratedError";
}

/**
 * Returns the function that computes a score from a similarity. The score is compared with the
 * threshold.
 *
 * @param on `confidence` for the calibrated confidence, `cosine` for the cosine itself
 * @param calibration Calibration of the recognition model, if it has one
 * @throws {NotCalibratedError} when `on` is `confidence` and there is no calibration
 */
export function chooseScore(
  on: MatchConfig["on"],
  calibration: Calibration | undefined,
): AuthenticatorDeps["score"] {
  if (on === "cosine") return ({ similarity }) => Math.max(similarity, 0);
  if (calibration === undefined) {
    throw new NotCalibratedError(
      'The recognition model has no calibration: set MODEL_CALIBRATION ("deno task calibrate" ' +
        "prints one) or MATCH_ON=cosine",
    );
  }
  return ({ similarity, compared }) => confidence(similarity, compared, calibration);
}

/** Returns the box in the contract's form: left, top, width and height, in whole pixels. */
function roundBox({ left, top, right, bottom }: Box): [number, number, number, number] {
  const x = Math.round(left), y = Math.round(top);
  return [x, y, Math.round(right) - x, Math.round(bottom) - y];
}
