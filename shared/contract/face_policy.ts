/**
 * The policies on a face that should not be recognised, although its embedding can be compared: a face
 * that is unclear, and one that does not look live. Each is ignored, observed or enforced.
 */

import { z } from "zod";
import { ConfigError } from "../env.ts";
import { choice, fraction, SETTINGS } from "../setting.ts";
import { Problem } from "./problem.ts";
import { PICTURE_DETAILS } from "./picture_problem.ts";

const POLICIES = ["off", "observe", "enforce"] as const;

/** A fault of a face: "off" ignores it, "observe" counts and audits it, "enforce" refuses the face. */
export type Policy = typeof POLICIES[number];

/** Settings of the policies. The api, the workers and the gallery service must have the same. */
export const POLICY_ENV = {
  LIVENESS: choice(...POLICIES).default("off").register(SETTINGS, {
    description:
      "observe: measure a liveness score of each recognised face, and count it. enforce: also refuse faces below LIVENESS_THRESHOLD with `not_live`. It tells little: [accuracy.md](accuracy.md#liveness)",
    chartValue: "liveness",
  }),
  QUALITY: choice(...POLICIES).default("enforce").register(SETTINGS, {
    description:
      "enforce: refuse an unclear face with `face_unclear`. observe: recognise it, and count it. off: only recognise it. Enrolment always refuses it",
    chartValue: "quality",
  }),
} as const;

/** The setting that the workers do not need. */
export const THRESHOLD_ENV = {
  LIVENESS_THRESHOLD: fraction().optional().register(SETTINGS, {
    description:
      "liveness score, above 0 and up to 1, below which a face does not look live; required with LIVENESS=enforce; [accuracy.md](accuracy.md#liveness) shows what it costs",
    shownDefault: "none",
  }),
} as const;

const PolicySchema = z.object({ ...POLICY_ENV, ...THRESHOLD_ENV });

/** Names of the variables with the policies. */
export const POLICY_ENV_NAMES: readonly string[] = Object.keys(PolicySchema.shape);

/** The policies of a service. */
export interface FacePolicy {
  readonly liveness: Policy;
  /** Score below which a face does not look live. undefined: no face is judged. */
  readonly livenessThreshold: number | undefined;
  readonly quality: Policy;
}

/** The checks that a caller's key enforces, in addition to the settings. */
export interface KeyPolicy {
  readonly liveness?: "enforce" | undefined;
  readonly quality?: "enforce" | undefined;
}

/** Facts about a face that the policies judge. */
export interface SeenFace {
  /** Liveness score, 0 to 1. undefined: none was measured. */
  readonly liveness?: number | undefined;
  /** True for a face that is not seen clearly. */
  readonly unclear?: boolean | undefined;
}

/** Fault of a face. Both are error codes. */
export type FaceFault = "face_unclear" | "not_live";

/** The judgement of a face. */
export interface FaceJudgement {
  /** The fault that the face is refused for. */
  readonly refused: FaceFault | undefined;
  /** All faults that are observed or enforced. */
  readonly faults: readonly FaceFault[];
}

/**
 * Reads the policies.
 *
 * @throws {ConfigError} when LIVENESS is enforce and there is no threshold
 */
export function facePolicy(values: z.infer<typeof PolicySchema>): FacePolicy {
  const { LIVENESS: liveness, LIVENESS_THRESHOLD: livenessThreshold, QUALITY: quality } = values;
  if (liveness === "enforce" && livenessThreshold === undefined) {
    throw new ConfigError(
      "Bad environment: LIVENESS_THRESHOLD: must be set when LIVENESS is enforce",
    );
  }
  return { liveness, livenessThreshold, quality };
}

/**
 * Judges a face. A key can only make the policies stricter. When liveness is enforced and there is no
 * score or no threshold, the face is refused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const policy = { liveness: "observe", livenessThreshold: 0.5, quality: "enforce" } as const;
 * assertEquals(judgeFace({ liveness: 0.2 }, policy), { refused: undefined, faults: ["not_live"] });
 * assertEquals(judgeFace({ liveness: 0.2 }, policy, { liveness: "enforce" }).refused, "not_live");
 * ```
 */
export function judgeFace(
  { liveness, unclear = false }: SeenFace,
  policy: FacePolicy,
  key: KeyPolicy = {},
): FaceJudgement {
  const { livenessThreshold: threshold } = policy;
  const ofQuality = key.quality ?? policy.quality;
  const ofLiveness = key.liveness ?? policy.liveness;
  const isLive = liveness !== undefined && threshold !== undefined && liveness >= threshold;
  const canTell = liveness !== undefined && threshold !== undefined;
  const found: (readonly [FaceFault, Policy])[] = [];
  if (unclear) found.push(["face_unclear", ofQuality]);
  if (!isLive && (canTell || ofLiveness === "enforce")) found.push(["not_live", ofLiveness]);
  return {
    refused: found.find(([, policy]) => policy === "enforce")?.[0],
    faults: found.filter(([, policy]) => policy !== "off").map(([fault]) => fault),
  };
}

/** Sentence for each fault. */
export const FACE_FAULT_DETAILS = {
  face_unclear: PICTURE_DETAILS.face_unclear,
  not_live: "The face does not look like that of a live person in front of a camera",
} as const satisfies Record<FaceFault, string>;

/** Makes the refusal of a face. */
export function faceProblem(fault: FaceFault): Problem {
  return new Problem(fault, FACE_FAULT_DETAILS[fault]);
}
