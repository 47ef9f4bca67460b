/** Finds out whose face is in a picture, with the pipeline, the gallery and the threshold. */

import type { AuthenticateAnswer } from "../shared/contract/contract.ts";
import type { SeenFace } from "../shared/contract/face_policy.ts";
import { PICTURE_DETAILS } from "../shared/contract/picture_problem.ts";
import { Problem } from "../shared/contract/problem.ts";
import type { Probe } from "../shared/http/parse_probe.ts";
import type { Gallery } from "../matching/gallery.ts";
import { type DecisionRule, judge } from "../matching/judge.ts";
import { createMatcher } from "../matching/match.ts";
import type { Box } from "./pipeline/image.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";

/** The answer to a probe, without its `duration_ms`. */
export type Identity = AuthenticateAnswer extends infer Answer
  ? Answer extends AuthenticateAnswer ? Omit<Answer, "duration_ms" | "liveness"> : never
  : never;

/** An identity, and what the api judges. Clients get only the identity. */
export type Observed = Identity & SeenFace;

/** The refusal of a face that two users match, and what was observed beside it. */
export class AmbiguousFace extends Problem {
  /** @param seen Facts that the api judges first: its policy may refuse the face */
  constructor(readonly seen: SeenFace) {
    super("ambiguous_match", PICTURE_DETAILS.ambiguous_match);
  }
}

/** Dependencies and settings of an authenticator. */
export interface AuthenticatorDeps extends DecisionRule {
  readonly pipeline: Pipeline;
  readonly gallery: Gallery;
}

/**
 * Answers one probe.
 *
 * @throws {Problem} the same as {@linkcode Pipeline.recognize}
 * @throws {AmbiguousFace} when two users match
 */
export type Authenticator = (probe: Probe) => Promise<Observed>;

/** Makes an authenticator. A score that is not a number never matches. */
export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const { pipeline, gallery } = deps;
  const findNearest = createMatcher(gallery);
  return async ({ image, userId }) => {
    const { box, embedding, liveness, unclear } = await pipeline.recognize(image);
    const observed = { ...liveness !== undefined && { liveness }, ...unclear && { unclear } };
    const face = { box: roundBox(box) };
    const nearest = findNearest(embedding, userId);
    const judgement = judge(nearest, deps);
    if (judgement.kind === "ambiguous") throw new AmbiguousFace(observed);
    if (nearest === undefined || judgement.kind === "no_match") {
      return { matched: false, confidence: 0, face, ...observed };
    }
    const { confidence, similarity } = judgement;
    return {
      matched: true,
      user_id: nearest.user.userId,
      user_name: nearest.user.name,
      confidence,
      similarity,
      face,
      ...observed,
    };
  };
}

/** Returns the box in the contract's form: left, top, width and height, in whole pixels. */
export function roundBox({ left, top, right, bottom }: Box): [number, number, number, number] {
  const x = Math.round(left), y = Math.round(top);
  return [x, y, Math.round(right) - x, Math.round(bottom) - y];
}
