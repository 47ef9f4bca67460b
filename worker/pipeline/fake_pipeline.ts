/** A pipeline for tests. Its pictures are words. */

import { type PictureCode, pictureProblem } from "../../shared/contract/picture_problem.ts";
import { normalize } from "../../matching/vector.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * Makes a pipeline that reads a picture's bytes as a word and looks the word up.
 *
 * @param dimension Length of an embedding
 * @param outcomes For each word, an embedding or the code of a refusal. The embedding need not be
 * L2-normalised. A picture with any other word is refused with `unsupported_media_type`
 */
export function createFakePipeline(
  dimension: number,
  outcomes: Readonly<Record<string, readonly number[] | PictureCode>>,
): Pipeline {
  return {
    dimension,
    recognize(picture) {
      const outcome = outcomes[new TextDecoder().decode(picture)] ?? "unsupported_media_type";
      if (typeof outcome === "string") return Promise.reject(pictureProblem(outcome));
      return Promise.resolve({
        box: { left: 0, top: 0, right: 100, bottom: 100 },
        points: [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]],
        embedding: normalize(outcome),
        quality: { embeddingLength: 4, rollDegrees: 0, shapeDistance: 0.1, lookDistance: 0.05 },
      });
    },
    warmUp: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
