/** Policies on faces, for tests. */

import type { FacePolicy } from "./face_policy.ts";

/** The policies of a service without settings. */
export const DEFAULT_POLICY: FacePolicy = {
  liveness: "off",
  livenessThreshold: undefined,
  quality: "enforce",
};
