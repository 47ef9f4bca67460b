/**
 * The calls of the api to the gallery service. A token states everything that a call is about: its
 * purpose, the collection, the user, the checksums of the query and of the body. So the gallery decides
 * about nothing that the api has not signed. A path that differs from the token is refused.
 *
 * | purpose         | call                                         | body                          |
 * | --------------- | -------------------------------------------- | ----------------------------- |
 * | decide          | POST /decisions                              | the embedding                 |
 * | check_decision  | GET /tries                                   |                               |
 * | put_user        | PUT /users/{user_id}                         | {@linkcode PutUserSchema}     |
 * | get_user        | GET /users/{user_id}                         |                               |
 * | list_users      | GET /users?limit&cursor                      |                               |
 * | delete_user     | DELETE /users/{user_id}                      |                               |
 * | add_template    | POST /users/{user_id}/templates              | the embedding                 |
 * | delete_template | DELETE /users/{user_id}/templates/{id}       |                               |
 * | check_enrolment | GET /users/{user_id}/tries                   |                               |
 * | unlock_user     | POST /users/{user_id}/unlock                 |                               |
 * | export_user     | GET /users/{user_id}/export                  |                               |
 * | describe        | GET /models                                  |                               |
 * | read_audit      | GET /audit?…                                 |                               |
 *
 * An embedding is sent as its bytes ({@linkcode EMBEDDING_TYPE}), which the api passes on as the
 * worker sent them. Answers have the schemas of `shared/contract/users.ts`, or are problems.
 */

import { z } from "zod";
import { ClientRefSchema, UserIdSchema, UserTextSchema } from "./contract.ts";
import { Sha256Schema } from "./models_in_use.ts";
import { floorScore } from "./score.ts";

/** Audience of the tokens for the gallery service. */
export const GALLERY_AUDIENCE = "face-it-gallery";

/** Media type of an embedding: 32-bit floating-point numbers, little-endian, L2-normalised. */
export const EMBEDDING_TYPE = "application/vnd.face-it.embedding";

/** Largest embedding in bytes: 2,048 numbers. */
export const MAX_EMBEDDING_BYTES = 8192;

/** A purpose of a call. */
export const PURPOSES = [
  "decide",
  "check_decision",
  "put_user",
  "get_user",
  "list_users",
  "delete_user",
  "add_template",
  "delete_template",
  "check_enrolment",
  "unlock_user",
  "export_user",
  "describe",
  "read_audit",
] as const;

/** See {@linkcode PURPOSES}. */
export type Purpose = (typeof PURPOSES)[number];

/** Claims of a token for the gallery. */
export const GALLERY_CLAIMS = {
  purpose: z.enum(PURPOSES),
  /** Collection of the caller's key. */
  collection: z.string().min(1).max(64),
  /** Id of the caller's key, for the audit and for limits. Missing for a caller without a key. */
  key: z.string().min(1).max(256).optional(),
  /** The application's name for its own client, whose failed tries are counted apart. */
  client_ref: ClientRefSchema.optional(),
  /** The user that the call is about; the only user to compare with in a decision. */
  user_id: UserIdSchema.optional(),
  template_id: z.string().min(1).max(64).optional(),
  /** Checksum of the body. Missing for a call without a body. */
  body_sha256: Sha256Schema.optional(),
  /** Checksum of the query, without the question mark. Missing for a call without a query. */
  query_sha256: Sha256Schema.optional(),
  /** Checksum of the recognition model that made the embedding, as `galleryModel` names it. */
  model: Sha256Schema.optional(),
  /** Liveness score of the face, as the worker has told it. Missing when none is measured. */
  liveness: z.number().min(0).max(1).optional(),
  /** True for a face that the worker has not seen clearly. */
  unclear: z.boolean().optional(),
  /** The policy of the caller's key: enforced, whatever the gallery's setting is. */
  enforce_liveness: z.boolean().optional(),
  /** The same for faces that are not seen clearly. */
  enforce_quality: z.boolean().optional(),
  /** Checksum of the picture that a template is made of. */
  photo_sha256: Sha256Schema.optional(),
  /** True to add a template although it matches another user. */
  force: z.boolean().optional(),
  /** True to create a user, and to change nothing when there is one with this user_id. */
  only_new: z.boolean().optional(),
  /** True when the caller may let a user expire earlier than before. */
  may_shorten: z.boolean().optional(),
} as const;

const GalleryClaimsSchema = z.strictObject(GALLERY_CLAIMS);

/** See {@linkcode GALLERY_CLAIMS}. */
export type GalleryClaims = z.infer<typeof GalleryClaimsSchema>;

/**
 * The answer to a decision. A refusal is a problem, for example `ambiguous_match`. With Retry-After,
 * the next such decision would be refused for so many seconds, after too many failed tries. Without
 * it, the next search is allowed, but the next comparison with one user can find a locked user.
 */
export const GalleryDecisionSchema = z.discriminatedUnion("matched", [
  z.strictObject({
    matched: z.literal(true),
    user_id: UserTextSchema,
    user_name: UserTextSchema,
    confidence: z.number().min(0).max(1).overwrite(floorScore),
    similarity: z.number().min(-1).max(1).overwrite(floorScore),
  }),
  z.strictObject({ matched: z.literal(false) }),
]);

/** See {@linkcode GalleryDecisionSchema}. */
export type GalleryDecision = z.infer<typeof GalleryDecisionSchema>;
