/** A pipeline for tests, in which a picture is a word. */

import { Problem, type ProblemCode } from "../../shared/contract/problem.ts";
import { normalize } from "../vector.ts";
import type { Pipeline } from "./pipeline.ts";

/**
 * A pipeline that looks a picture up by its bytes as text.
 *
 * @param dimension Length of its embeddings
 * @param answers For each picture an embedding, which will be L2-normalised, or the code with which
 * it is refused; every other picture is refused as `unsupported_media_type`
 */
export function createFakePipeline(
  dimension: number,
  answers: Readonly<Record<string, readonly number[] | ProblemCode>>,
): Pipeline {
  return {
    dimension,
    recognize(picture) {
      const answer = answers[new TextDecoder().decode(picture)] ?? "unsupported_media_type";
      if (typeof answer === "string") return Promise.reject(new Problem(answer, "Refused"));
      return Promise.resolve({
        box: { left: 0, top: 0, right: 100, bottom: 100 },
        points: [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]],
        embedding: normalize(answer),
      });
    },
    warmUp: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
