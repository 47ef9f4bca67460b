/** The contract of the routes for users. The gallery makes these answers, and the api passes them on. */

import { z } from "zod";
import { UserIdSchema, UserTextSchema } from "./contract.ts";
import { NO_CONTROL_CHARACTERS } from "./user_text.ts";
import { FaceQualitySchema } from "./observed_face.ts";
import {
  CosineSchema,
  MatchRuleSchema,
  ModelCountSchema,
  RequiresConsentSchema,
  Sha256Schema,
} from "./models_in_use.ts";

const TimeSchema = z.iso.datetime({ precision: 3 }).meta({ example: "2026-01-31T12:00:00.000Z" });

/** Greatest length of a reference to a consent. */
const MAX_CONSENT_REF_LENGTH = 256;

/** A text of a request. /openapi.json has its pattern. */
const PlainTextSchema = UserTextSchema.regex(NO_CONTROL_CHARACTERS);

/** The body of `PUT /users/{user_id}`. It replaces all fields of the user. */
export const PutUserSchema = z.strictObject({
  name: PlainTextSchema.meta({ description: "Name that people read", example: "User One" }),
  consent_ref: PlainTextSchema.max(MAX_CONSENT_REF_LENGTH).optional().meta({
    description: "The application's reference to the consent of the user",
    example: "consent-2026-0042",
  }),
  expires_at: z.iso.datetime().optional().meta({
    description: "From then on the user is not recognised and is deleted. Without it, never",
    example: "2027-01-31T12:00:00Z",
  }),
}).meta({ id: "PutUser" });

/** See {@linkcode PutUserSchema}. */
export type PutUser = z.infer<typeof PutUserSchema>;

/** A user of a collection. */
export const UserSchema = z.strictObject({
  user_id: UserTextSchema.meta({ example: "user1" }),
  name: UserTextSchema.meta({ example: "User One" }),
  consent_ref: UserTextSchema.nullable(),
  expires_at: TimeSchema.nullable(),
  created_at: TimeSchema,
  updated_at: TimeSchema,
  last_seen_at: TimeSchema.nullable().meta({
    description: "Time of the last match, to the minute; null when the user has never matched",
  }),
  templates: z.int().min(0).meta({ description: "Number of templates" }),
}).meta({ id: "User" });

/** See {@linkcode UserSchema}. */
export type User = z.infer<typeof UserSchema>;

/** A template of a user, without its embedding: no route returns an embedding. */
export const TemplateSchema = z.strictObject({
  template_id: z.string().min(1).max(64).regex(/^[!-~]+$/).meta({
    example: "0a634ed6-9f79-44e3-8b58-1b6e6bd94869",
  }),
  model: Sha256Schema.meta({
    description:
      "Names the recognition model that made it: the sha256 of the model's file, or of " +
      "the first file that a version of the service prepared of it",
  }),
  created_at: TimeSchema,
}).meta({ id: "Template" });

/** See {@linkcode TemplateSchema}. */
export type Template = z.infer<typeof TemplateSchema>;

/**
 * Greatest number of templates that a user can have. An import stores up to this number; a template
 * that is added over HTTP must meet a lower limit of the store.
 */
export const MAX_TEMPLATES_OF_USER = 1000;

/** The answer of `GET /users/{user_id}`. */
export const UserWithTemplatesSchema = UserSchema.omit({ templates: true }).extend({
  locked: z.boolean().meta({
    description: "True when attempts to be recognised as this user are refused until an unlock, " +
      "for at least one caller",
  }),
  templates: z.array(TemplateSchema),
}).meta({ id: "UserWithTemplates" });

/** See {@linkcode UserWithTemplatesSchema}. */
export type UserWithTemplates = z.infer<typeof UserWithTemplatesSchema>;

/** The answer of `GET /users/{user_id}/export`: everything that is stored, without embeddings. */
export const UserExportSchema = UserWithTemplatesSchema.extend({
  collection: z.string().min(1).max(64).meta({ example: "default" }),
}).meta({ id: "UserExport" });

/** See {@linkcode UserExportSchema}. */
export type UserExport = z.infer<typeof UserExportSchema>;

/**
 * A user in answers of the gallery. Without `locked`, the user is not locked: an older gallery locks
 * nobody. The gallery sends it only when it is true, because an older api refuses fields that it does
 * not know.
 */
export const GalleryUserSchema = UserWithTemplatesSchema.extend({
  locked: z.boolean().default(false),
});

/** An export in answers of the gallery. */
export const GalleryExportSchema = UserExportSchema.extend({ locked: z.boolean().default(false) });

/** See {@linkcode GalleryUserSchema}. */
export type GalleryUser = z.input<typeof GalleryUserSchema>;

/** See {@linkcode GalleryExportSchema}. */
export type GalleryExport = z.input<typeof GalleryExportSchema>;

/** The answer of `GET /users`, sorted by user_id. */
export const UserPageSchema = z.strictObject({
  users: z.array(UserSchema),
  next_cursor: z.string().min(1).max(4096).nullable().meta({
    description: "Send it as cursor to get the next page; null on the last page",
  }),
}).meta({ id: "UserPage" });

/** See {@linkcode UserPageSchema}. */
export type UserPage = z.infer<typeof UserPageSchema>;

/** Largest number of users that a page can have. */
export const MAX_PAGE_USERS = 1000;

/** The answer of the gallery about its rule and the models of a collection's templates. */
export const GalleryModelsSchema = z.strictObject({
  match: MatchRuleSchema.nullable(),
  calibration: z.strictObject({
    fitted_mean_cosine: CosineSchema,
    fitted_dimension: z.number().positive().max(1e6),
  }).nullable(),
  templates: z.array(ModelCountSchema),
  /** Sent only when it is true, for the same reason as `locked`. */
  requires_consent: RequiresConsentSchema.default(false),
});

/** See {@linkcode GalleryModelsSchema}. */
export type GalleryModels = z.infer<typeof GalleryModelsSchema>;

/** The query of `GET /users`. */
export const UserPageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_USERS).default(100),
  cursor: z.string().min(1).max(4096).optional(),
});

/** The query of `POST /users/{user_id}/templates`. */
export const AddTemplateQuerySchema = z.strictObject({
  force: z.enum(["true", "false"]).optional().meta({
    description: "true: add the template although the face matches another user. Needs the " +
      "scope admin",
  }),
});

/** The answer of `POST /users/{user_id}/templates`. */
export const EnrolledTemplateSchema = TemplateSchema.extend({
  quality: FaceQualitySchema,
}).meta({ id: "EnrolledTemplate" });

/** See {@linkcode EnrolledTemplateSchema}. */
export type EnrolledTemplate = z.infer<typeof EnrolledTemplateSchema>;

/** The user_id in a path. */
export const UserPathSchema = UserIdSchema.meta({ description: "The user's user_id" });
