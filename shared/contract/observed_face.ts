/** Facts that a worker tells about a face beside its embedding. The numbers cannot recognise anybody. */

import { z } from "zod";
import { FaceSchema } from "./contract.ts";

/**
 * Header of a worker's answer to `POST /embed`: {@linkcode ObservedFaceSchema} as JSON. The body of
 * the answer is the embedding: see `shared/contract/gallery_call.ts`.
 */
export const FACE_HEADER = "X-Face";

/** Measures that tell how well a face was seen: FaceQuality of `worker/pipeline/quality.ts`. */
export const FaceQualitySchema = z.strictObject({
  embedding_length: z.number().min(0).max(1e6).meta({
    description: "Length of the embedding before it is scaled to 1. Unclear faces have short ones",
    example: 9.21,
  }),
  shape_distance: z.number().min(0).max(1e6).meta({
    description: "Distance of the face's five points from the shape of a mean face",
    example: 0.08,
  }),
  roll_degrees: z.number().min(-180).max(180).meta({
    description: "Angle by which the head is tilted in the picture; above 0 is clockwise",
    example: 1.5,
  }),
  look_distance: z.number().min(0).max(1e6).meta({
    description: "Difference between two searches for the face's points",
    example: 0.03,
  }),
}).meta({ id: "FaceQuality", description: "How well the face was seen" });

/** See {@linkcode FaceQualitySchema}. */
export type FaceQualityAnswer = z.infer<typeof FaceQualitySchema>;

/** The content of {@linkcode FACE_HEADER}. */
export const ObservedFaceSchema = z.strictObject({
  box: FaceSchema.shape.box,
  quality: FaceQualitySchema,
  /** Missing when no liveness is measured. */
  liveness: z.number().min(0).max(1).optional(),
  /** True for a face that is not seen clearly. Only a worker with QUALITY=off or observe sends it. */
  unclear: z.literal(true).optional(),
});

/** See {@linkcode ObservedFaceSchema}. */
export type ObservedFace = z.infer<typeof ObservedFaceSchema>;

/** The query of a worker's `POST /embed`. */
export const EmbedQuerySchema = z.strictObject({
  /** "true" when a template will be made of the embedding: the picture is then not turned upright. */
  template: z.enum(["true", "false"]).optional(),
});

/** Longest header that the api reads. */
const MAX_HEADER_LENGTH = 512;

/** Reads a {@linkcode FACE_HEADER}. Returns undefined when it is not as documented. */
export function readObservedFace(
  header: string | readonly string[] | undefined,
): ObservedFace | undefined {
  if (typeof header !== "string" || header.length > MAX_HEADER_LENGTH) return undefined;
  try {
    return ObservedFaceSchema.safeParse(JSON.parse(header)).data;
  } catch {
    return undefined;
  }
}
