/**
 * The form of an exported gallery: a line of JSON for each user, between a first and a last line. The
 * last line has the numbers of users and templates, so that a file that ends early is refused.
 */

import { z } from "zod";
import { Sha256Schema } from "../../shared/contract/models_in_use.ts";
import { MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import { UserIdSchema, UserTextSchema } from "../../shared/contract/contract.ts";
import { COLLECTION } from "../../api/callers/scopes.ts";
import type { IndexedUser, NewUser } from "../store/store.ts";

/** Version of the form. */
const FORMAT = 1;
/** Start of every exported file. */
export const EXPORT_START = '{"face_it_gallery_export":';

const TimeSchema = z.iso.datetime({ precision: 3 }).transform((text) => Date.parse(text));
const EmbeddingSchema = z.base64().transform((text, { addIssue }) => {
  const bytes = Uint8Array.fromBase64(text);
  if (bytes.length === 0 || bytes.length > MAX_EMBEDDING_BYTES || bytes.length % 4 !== 0) {
    addIssue("has not the length of an embedding");
    return z.NEVER;
  }
  const view = new DataView(bytes.buffer);
  const embedding = Float32Array.from(
    { length: bytes.length / 4 },
    (_, i) => view.getFloat32(4 * i, true),
  );
  if (!isNormalised(embedding)) addIssue("has not the length 1");
  return embedding;
});
const TemplateSchema = z.strictObject({
  model: Sha256Schema,
  photo_sha256: Sha256Schema,
  embedding_base64: EmbeddingSchema,
});
const UserLineSchema = z.strictObject({
  collection: z.string().regex(COLLECTION),
  user_id: UserIdSchema,
  name: UserTextSchema,
  consent_ref: UserTextSchema.optional(),
  expires_at: TimeSchema.optional(),
  templates: z.array(TemplateSchema),
});
const FirstLineSchema = z.strictObject({ face_it_gallery_export: z.literal(FORMAT) });
const CountsSchema = z.strictObject({ users: z.int(), templates: z.int() });
const LastLineSchema = z.strictObject({ end: CountsSchema });

/** Number of users and templates of a file. */
export type ExportCounts = z.infer<typeof CountsSchema>;

/** A line of an exported file. */
export type ExportLine =
  | { readonly kind: "first" }
  | { readonly kind: "user"; readonly user: NewUser }
  | { readonly kind: "last"; readonly counts: ExportCounts };

/** Error for a line that is not one of an exported file. The message quotes nothing of the line. */
export class BadExportLine extends Error {
  override readonly name = "BadExportLine";
}

/** Returns the first line. */
export const formatFirstLine = (): string => `${EXPORT_START}${FORMAT}}`;

/** Returns the last line. */
export const formatLastLine = (counts: ExportCounts): string => JSON.stringify({ end: counts });

/** Returns the line of a user. */
export function formatUserLine(user: IndexedUser): string {
  const { collection, userId, name, consentRef, expiresAt, templates } = user;
  return JSON.stringify({
    collection,
    user_id: userId,
    name,
    ...consentRef !== undefined && { consent_ref: consentRef },
    ...expiresAt !== undefined && { expires_at: new Date(expiresAt).toISOString() },
    templates: templates.map(({ model, photo, embedding }) => ({
      model,
      photo_sha256: photo.toHex(),
      embedding_base64: floatBytes(embedding).toBase64(),
    })),
  });
}

/**
 * Reads a line.
 *
 * @throws {BadExportLine} when it is not a line of an exported file
 */
export function parseExportLine(text: string): ExportLine {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new BadExportLine("it is not valid JSON");
  }
  const record = typeof json === "object" && json !== null ? json : {};
  if ("face_it_gallery_export" in record) {
    if (FirstLineSchema.safeParse(json).success) return { kind: "first" };
    throw new BadExportLine("this program does not know this version of the form");
  }
  if ("end" in record) return { kind: "last", counts: check(LastLineSchema, json).end };
  const user = check(UserLineSchema, json);
  return {
    kind: "user",
    user: {
      collection: user.collection,
      userId: user.user_id,
      name: user.name,
      ...user.consent_ref !== undefined && { consentRef: user.consent_ref },
      ...user.expires_at !== undefined && { expiresAt: user.expires_at },
      templates: user.templates.map(({ model, photo_sha256, embedding_base64: embedding }) => ({
        model,
        embedding,
        photo: Uint8Array.fromHex(photo_sha256),
      })),
    },
  };
}

function check<Schema extends z.ZodType>(schema: Schema, json: unknown): z.infer<Schema> {
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  throw new BadExportLine(`${issue!.path.join(".") || "the line"} is not as expected`);
}

function floatBytes(embedding: Float32Array): Uint8Array {
  const bytes = new Uint8Array(4 * embedding.length);
  const view = new DataView(bytes.buffer);
  embedding.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

/** Tolerance of the rounding to 32 bits. */
const TOLERANCE = 1e-3;

/** True for a vector of length 1. */
export function isNormalised(embedding: Float32Array): boolean {
  let sum = 0;
  for (const value of embedding) sum += value * value;
  return Math.abs(Math.sqrt(sum) - 1) < TOLERANCE;
}
