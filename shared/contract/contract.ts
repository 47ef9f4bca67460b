/**
 * The HTTP contract between client, api and worker. Each schema has three uses: as a type, as a
 * check, and as a part of the OpenAPI document.
 */

import { PICTURE_FORMATS } from "./image_type.ts";
import { z } from "zod";
import { PROBLEM_CODES } from "./problem.ts";
import { floorScore } from "./score.ts";
import {
  isUserText,
  MAX_USER_TEXT_LENGTH,
  NO_CONTROL_CHARACTERS,
  normalizeUserId,
} from "./user_text.ts";

/** Identifier of a user in the gallery: {@linkcode normalizeUserId} is its form. */
export const UserIdSchema = z.string().min(1).max(MAX_USER_TEXT_LENGTH).regex(
  NO_CONTROL_CHARACTERS,
  "has control characters",
).refine(
  (text) => normalizeUserId(text) !== undefined,
  "is not a valid Unicode text, or is too long in Unicode's form NFC",
).overwrite((text) => normalizeUserId(text) ?? text).meta({
  description: "Compare the face only with this user (1:1) instead of searching the gallery (1:N)",
  example: "user1",
});

/** The application's name for its own client. */
export const ClientRefSchema = z.string().min(1).max(MAX_USER_TEXT_LENGTH).regex(
  NO_CONTROL_CHARACTERS,
  "has control characters",
).refine(isUserText, "is not a valid Unicode text").meta({
  description: "Your own name for the client, such as a hash of its session or address. Failed " +
    "attempts are counted for each client_ref. Only with the gallery service",
  example: "b5e1f0",
});

/** A user_id or a name in an answer. */
export const UserTextSchema = z.string().min(1).max(MAX_USER_TEXT_LENGTH).refine(isUserText);

/** The JSON form of a request to `POST /authenticate`. */
export const AuthenticateJsonSchema = z.strictObject({
  image_base64: z.string().min(1).meta({
    description: `A ${PICTURE_FORMATS} in base64, with or without a data: URL prefix`,
    example: "/9j/4AAQSkZJRgABAQAAAQABAAD…",
  }),
  user_id: UserIdSchema.optional(),
  client_ref: ClientRefSchema.optional(),
}).meta({ id: "AuthenticateRequest" });

/** The JSON form of a request with a picture and nothing else. */
export const PictureJsonSchema = AuthenticateJsonSchema.pick({ image_base64: true })
  .meta({ id: "PictureRequest" });

/** The query of `POST /authenticate`. */
export const AuthenticateQuerySchema = z.strictObject({
  user_id: UserIdSchema.optional(),
  client_ref: ClientRefSchema.optional(),
});

/** Pictures have shorter sides. */
const MAX_BOX_PX = 100_000;
const PositionSchema = z.int().min(-MAX_BOX_PX).max(MAX_BOX_PX);
const LengthSchema = z.int().min(0).max(MAX_BOX_PX);

/** A face in a picture. */
export const FaceSchema = z.strictObject({
  box: z.tuple([PositionSchema, PositionSchema, LengthSchema, LengthSchema]).meta({
    description: "x, y, width and height in pixels of the upright picture",
    example: [412, 96, 180, 224],
  }),
}).meta({ id: "Face", description: "The face that was compared" });

const DurationMsSchema = z.number().nonnegative().max(3_600_000).meta({
  description: "Milliseconds from the request's arrival to its answer",
  example: 31,
});

const LivenessSchema = z.number().min(0).max(1).optional().meta({
  description: "Liveness score of the face: from 0 to 1, with 3 decimal places. Only " +
    "with LIVENESS=observe or enforce, and for callers with the scope admin",
  example: 0.912,
});

/** The face belongs to a user of the gallery. */
export const MatchSchema = z.strictObject({
  matched: z.literal(true),
  user_id: UserTextSchema.meta({ example: "user1" }),
  user_name: UserTextSchema.meta({ example: "User One" }),
  confidence: z.number().min(0).max(1).overwrite(floorScore).meta({
    description: "Calibrated: at a threshold of 0.7, one stranger in 10,000 is accepted. " +
      "Rounded down to 4 decimal places",
    example: 0.9998,
  }),
  similarity: z.number().min(-1).max(1).overwrite(floorScore).meta({
    description: "Cosine between the face and the vector that is fused of the user's templates, " +
      "rounded down to 4 decimal places",
    example: 0.6,
  }),
  face: FaceSchema,
  liveness: LivenessSchema,
  duration_ms: DurationMsSchema,
}).meta({ id: "Match" });

/**
 * The face does not match. The answer has no score: with a score, an attacker could improve a
 * picture step by step until it matches.
 */
export const NonMatchSchema = z.strictObject({
  matched: z.literal(false),
  confidence: z.literal(0),
  face: FaceSchema,
  liveness: LivenessSchema,
  duration_ms: DurationMsSchema,
}).meta({ id: "NonMatch" });

/** The answer of `POST /authenticate`, matched or not. */
export const AuthenticateAnswerSchema = z.discriminatedUnion("matched", [
  MatchSchema,
  NonMatchSchema,
]).meta({ id: "AuthenticateAnswer" });

/** Type of {@linkcode AuthenticateAnswerSchema}. */
export type AuthenticateAnswer = z.infer<typeof AuthenticateAnswerSchema>;

/** An RFC 9457 problem. */
export const ProblemBodySchema = z.object({
  type: z.string().meta({ example: "about:blank" }),
  title: z.string().meta({ example: "No face found" }),
  status: z.int().meta({ example: 422 }),
  detail: z.string().meta({ example: "No face was found in the picture" }),
  code: z.enum(PROBLEM_CODES).meta({
    description: "Stable: a code is never renamed",
    example: "no_face",
  }),
  request_id: z.string().meta({ example: "0b9f6a2e-6b1c-4f0e-9d3a-2f3c5a7b9d11" }),
}).meta({ id: "Problem" });

/** Type of {@linkcode ProblemBodySchema}. */
export type ProblemBody = z.infer<typeof ProblemBodySchema>;

/** The answer of /health and /ready. */
export const StatusSchema = z.strictObject({ status: z.enum(["ok", "unavailable"]) })
  .meta({ id: "Status" });

/** Header with the id of a request, in every response. The log has the same id. */
export const REQUEST_ID_HEADER = "X-Request-Id";

/**
 * Header with the liveness score of the face, 0 to 1, in a worker's answer. The api counts it, and
 * tells it to callers with the scope admin.
 */
export const LIVENESS_HEADER = "X-Liveness";

/**
 * Header of a worker's answer about a face that is not seen clearly: "true". Only a worker with
 * QUALITY=off or observe sends it; with QUALITY=enforce, it refuses such a face.
 */
export const UNCLEAR_HEADER = "X-Unclear";

/** The media type of every error's body. */
export const PROBLEM_CONTENT_TYPE = "application/problem+json";
