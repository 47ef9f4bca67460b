/** Computes the embedding of an aligned face. */

import { ModelError, type Session } from "../inference/session.ts";
import { freeAtEnd } from "../../shared/free_at_end.ts";
import { normalize } from "../../matching/vector.ts";
import { ALIGNED_SIZE } from "./align.ts";

/** Computes embeddings. */
export interface Embedder {
  /** Length of an embedding: 512 for the small model, 128 for SFace. */
  readonly dimension: number;
  /**
   * Embeds a face.
   *
   * @param face Interleaved RGB, 0 to 255, length 112 * 112 * 3
   * @throws {RangeError} when the network's output is zero or not finite
   */
  embed(face: Float32Array): Promise<MeasuredEmbedding>;
}

/** An embedding, and its length before it was scaled. */
export interface MeasuredEmbedding {
  /** As many numbers as {@linkcode Embedder.dimension}, L2-normalised. */
  readonly embedding: Float32Array;
  /** L2 norm of the network's output. It is smaller for faces that are not seen well. */
  readonly length: number;
}

/**
 * Makes an embedder from an ArcFace network with one output, [1, dimension]. Its input is RGB,
 * (p − 127.5) / 128, of the shape [1, 3, 112, 112] or [1, 112, 112, 3]. The model may leave
 * dimensions open when its shape still shows which dimension has the channels.
 *
 * @throws {ModelError} when the session's shapes are not these
 */
export function createEmbedder(session: Session): Embedder {
  const layout = inputLayout(session.input.shape);
  const [output] = session.outputs;
  if (session.outputs.length !== 1 || output === undefined || output.shape.length !== 2) {
    throw new ModelError("The recognition model must have exactly one output, [1, dimension]");
  }
  const dimension = output.shape[1]!;
  if (dimension < 1) {
    throw new ModelError("The recognition model does not declare the length of its embeddings");
  }
  const shape = layout === "NCHW"
    ? [1, 3, ALIGNED_SIZE, ALIGNED_SIZE]
    : [1, ALIGNED_SIZE, ALIGNED_SIZE, 3];
  return {
    dimension,
    async embed(face) {
      const input = networkInput(face, layout);
      using _input = freeAtEnd(input);
      const [output] = await session.run(input, shape);
      const length = Math.sqrt(output!.reduce((sum, value) => sum + value * value, 0));
      return { embedding: normalize(output!), length };
    },
  };
}

type Layout = "NCHW" | "NHWC";

function inputLayout(shape: readonly number[]): Layout {
  const fits = (...expected: number[]) =>
    shape.length === expected.length &&
    expected.every((size, i) => shape[i] === size || shape[i] === -1);
  const channelsFirst = fits(1, 3, ALIGNED_SIZE, ALIGNED_SIZE);
  const channelsLast = fits(1, ALIGNED_SIZE, ALIGNED_SIZE, 3);
  if (channelsFirst !== channelsLast) return channelsFirst ? "NCHW" : "NHWC";
  throw new ModelError(
    `The recognition model's input is [${shape}] instead of [1,3,112,112] or [1,112,112,3]`,
  );
}

function networkInput(face: Float32Array, layout: Layout): Float32Array {
  const input = new Float32Array(face.length);
  if (layout === "NHWC") {
    for (let i = 0; i < face.length; i++) input[i] = (face[i]! - 127.5) / 128;
    return input;
  }
  const plane = face.length / 3;
  for (let i = 0, p = 0; i < plane; i++, p += 3) {
    input[i] = (face[p]! - 127.5) / 128;
    input[plane + i] = (face[p + 1]! - 127.5) / 128;
    input[2 * plane + i] = (face[p + 2]! - 127.5) / 128;
  }
  return input;
}
