/** Answers whose face is in a picture: the pipeline, the gallery and the threshold put together. */

import type { AuthenticateAnswer } from "../shared/contract/contract.ts";
import type { Probe } from "../shared/http/parse_probe.ts";
import type { Calibration } from "../models/calibration.ts";
import type { MatchConfig } from "./config.ts";
import { confidence } from "./gallery/confidence.ts";
import type { Gallery } from "./gallery/gallery.ts";
import { createMatcher, type NearestTemplate } from "./gallery/match.ts";
import type { Box } from "./pipeline/image.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";

/** The answer to a probe, but for how long it took. */
export type Identity = AuthenticateAnswer extends infer Answer
  ? Answer extends AuthenticateAnswer ? Omit<Answer, "duration_ms"> : never
  : never;

/** What an authenticator is made of. */
export interface AuthenticatorDeps {
  readonly pipeline: Pipeline;
  readonly gallery: Gallery;
  /** Confidence, 0 to 1, of a resemblance. */
  readonly score: (nearest: NearestTemplate) => number;
  /** The least confidence that is a match. */
  readonly threshold: number;
}

/** Answers one probe. */
export type Authenticator = (probe: Probe) => Promise<Identity>;

/**
 * Makes an authenticator. In doubt it matches nobody: a score that is not a number is no match.
 *
 * @throws {Problem} as {@linkcode Pipeline.recognize} does
 */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { pipeline, gallery, score, threshold } = deps;
  const findNearest = createMatcher(gallery);
  return async ({ image, userId }) => {
    const { box, embedding } = await pipeline.recognize(image);
    const face = { box: wholeBox(box) };
    const nearest = findNearest(embedding, userId);
    if (nearest !== undefined) {
      const confidence = score(nearest);
      if (confidence >= threshold) {
        const { user, similarity } = nearest;
        const { userId: user_id, name: user_name } = user;
        return { matched: true, user_id, user_name, confidence, similarity, face };
      }
    }
    return { matched: false, confidence: 0, face };
  };
}

/** A model without calibration was asked to give calibrated confidences. */
export class NotCalibratedError extends Error {
  override readonly name = "NotCalibratedError";
}

/**
 * The score by which matches are decided.
 *
 * @param on Calibrated confidence, or the cosine itself
 * @throws {NotCalibratedError} when confidence is asked of a model without calibration
 */
export function chooseScore(
  on: MatchConfig["on"],
  calibration: Calibration | undefined,
): AuthenticatorDeps["score"] {
  if (on === "cosine") return ({ similarity }) => Math.max(similarity, 0);
  if (calibration === undefined) {
    throw new NotCalibratedError(
      "The recognition model has no calibration: give MODEL_CALIBRATION (deno task calibrate " +
        "makes one) or set MATCH_ON=cosine",
    );
  }
  return ({ similarity, compared }) => confidence(similarity, compared, calibration);
}

function wholeBox({ left, top, right, bottom }: Box): [number, number, number, number] {
  const x = Math.round(left), y = Math.round(top);
  return [x, y, Math.round(right) - x, Math.round(bottom) - y];
}
