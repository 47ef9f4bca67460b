/** Computes the embedding of a face for the gallery service. */

import type { Context } from "hono";
import { EMBEDDING_TYPE } from "../shared/contract/gallery_call.ts";
import { FACE_HEADER, type ObservedFace } from "../shared/contract/observed_face.ts";
import { roundBox } from "./authenticator.ts";
import type { Pipeline, RecognizeOptions } from "./pipeline/pipeline.ts";
import type { FaceQuality } from "./pipeline/quality.ts";

/** The one face of a picture, as the api gets it. */
export interface EmbeddedFace {
  /** L2-normalised. */
  readonly embedding: Float32Array;
  readonly face: ObservedFace;
}

/**
 * Embeds the face of a picture.
 *
 * @throws {Problem} the same as {@linkcode Pipeline.recognize}
 */
export type FaceEmbedder = (
  picture: Uint8Array,
  options: RecognizeOptions,
) => Promise<EmbeddedFace>;

/** Makes a {@linkcode FaceEmbedder}. */
export function createFaceEmbedder(pipeline: Pipeline): FaceEmbedder {
  return async (picture, options) => {
    const { box, embedding, quality, liveness, unclear } = await pipeline.recognize(
      picture,
      options,
    );
    return {
      embedding,
      face: {
        box: roundBox(box),
        quality: roundQuality(quality),
        ...liveness !== undefined && { liveness: round(liveness) },
        ...unclear && { unclear },
      },
    };
  };
}

/** Makes the response to `POST /embed`. */
export function embeddingResponse(c: Context, { embedding, face }: EmbeddedFace): Response {
  return c.body(littleEndian(embedding), 200, {
    "Content-Type": EMBEDDING_TYPE,
    [FACE_HEADER]: JSON.stringify(face),
  });
}

function littleEndian(embedding: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(embedding.length * Float32Array.BYTES_PER_ELEMENT);
  const view = new DataView(bytes.buffer);
  embedding.forEach((value, i) => view.setFloat32(i * Float32Array.BYTES_PER_ELEMENT, value, true));
  return bytes;
}

function roundQuality(quality: FaceQuality): ObservedFace["quality"] {
  return {
    embedding_length: round(quality.embeddingLength),
    shape_distance: round(quality.shapeDistance),
    roll_degrees: round(quality.rollDegrees),
    look_distance: round(quality.lookDistance),
  };
}

const round = (value: number) => Math.round(value * 1000) / 1000;
