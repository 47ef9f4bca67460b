/** The contract of `GET /audit`. The gallery makes the answers, and the api passes them on. */

import { z } from "zod";
import { UserIdSchema, UserTextSchema } from "./contract.ts";

/**
 * The kinds of events. The stored rows have these words, so a released one never changes. docs/http.md
 * has the outcomes of each.
 */
export const AUDIT_KINDS = [
  "decision",
  "enrolment",
  "user",
  "deletion",
  "template_deletion",
  "export",
  "unlock",
  "observation",
] as const;

/** See {@linkcode AUDIT_KINDS}. */
export type AuditKind = (typeof AUDIT_KINDS)[number];

const TimeSchema = z.iso.datetime({ precision: 3 }).meta({ example: "2026-01-31T12:00:00.000Z" });

/** A short word, so that a newer gallery can have words that an older api does not know. */
const CodeSchema = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** An event of the audit. It has no name, no score and no biometric data. */
export const AuditEventSchema = z.strictObject({
  at: TimeSchema,
  kind: CodeSchema.meta({ examples: [...AUDIT_KINDS] }),
  outcome: CodeSchema.meta({ description: "A short code", example: "matched" }),
  key: z.string().min(1).max(256).nullable().meta({
    description: "Id of the caller's key; null for a caller without a key, and for the gallery",
  }),
  request_id: z.string().min(1).max(256).nullable().meta({
    description: "X-Request-Id of the request. Callers choose it, so it is not unique",
  }),
  user_id: UserTextSchema.nullable().meta({
    description: "The user, as long as the user exists. null: no user, or one who was deleted",
  }),
  chain: CodeSchema.meta({ description: "Chain of the event: see `gallery audit verify`" }),
  seq: z.int().min(1).meta({ description: "Number of the event in its chain" }),
}).meta({ id: "AuditEvent" });

/** See {@linkcode AuditEventSchema}. */
export type AuditEventAnswer = z.infer<typeof AuditEventSchema>;

/** The answer of `GET /audit`, the newest event first. */
export const AuditPageSchema = z.strictObject({
  events: z.array(AuditEventSchema),
  next_cursor: z.string().min(1).max(4096).nullable().meta({
    description:
      "Send it as cursor to get the next page; null on the last page. A page with a cursor can have " +
      "fewer events than asked for, or none",
  }),
}).meta({ id: "AuditPage" });

/** See {@linkcode AuditPageSchema}. */
export type AuditPage = z.infer<typeof AuditPageSchema>;

/** Largest number of events that a page can have. */
export const MAX_PAGE_EVENTS = 1000;

/** The query of `GET /audit`. */
export const AuditPageQuerySchema = z.strictObject({
  user_id: UserIdSchema.optional(),
  kind: z.enum(AUDIT_KINDS).optional(),
  key: z.string().regex(/^[\w-]{1,64}$/).optional().meta({ description: "Id of the caller's key" }),
  from: z.iso.datetime().optional().meta({ description: "Events at this time and after it" }),
  to: z.iso.datetime().optional().meta({ description: "Events before this time" }),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_EVENTS).default(100),
  cursor: z.string().min(1).max(4096).optional(),
});

/** See {@linkcode AuditPageQuerySchema}. */
export type AuditPageQuery = z.infer<typeof AuditPageQuerySchema>;
