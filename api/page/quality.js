/** @import { EnrolledTemplate } from "../../shared/contract/users.ts" */
import { KNOWN_MODELS } from "./known_models.js";

/** A face this close to the bound of an unclear face is called just clear enough. */
const LENGTH_FACTOR = 1.1;
/** Three quarters of the bounds of an unclear face: `worker/pipeline/quality.ts`. */
const SHAPE_DISTANCE = 0.375;
const LOOK_DISTANCE = 0.15;

/**
 * True when the face of a new template was nearly refused as unclear.
 *
 * @param {Pick<EnrolledTemplate, "model" | "quality">} template
 */
export function isJustClearEnough({ model, quality }) {
  const minLength = KNOWN_MODELS[model]?.minEmbeddingLength ?? 0;
  return quality.embedding_length < minLength * LENGTH_FACTOR ||
    quality.shape_distance > SHAPE_DISTANCE ||
    quality.look_distance > LOOK_DISTANCE;
}
