/** Calls the gallery service: one method for each of its routes. */

import { Buffer } from "node:buffer";
import { z } from "zod";
import { galleryModel } from "../../models/known_models.ts";
import {
  type AuditPage,
  type AuditPageQuery,
  AuditPageSchema,
} from "../../shared/contract/audit.ts";
import type { KeyPolicy, SeenFace } from "../../shared/contract/face_policy.ts";
import {
  EMBEDDING_TYPE,
  type GalleryDecision,
  GalleryDecisionSchema,
} from "../../shared/contract/gallery_call.ts";
import {
  GalleryExportSchema,
  type GalleryModels,
  GalleryModelsSchema,
  GalleryUserSchema,
  MAX_TEMPLATES_OF_USER,
  type PutUser,
  type Template,
  TemplateSchema,
  type User,
  type UserExport,
  type UserPage,
  UserPageSchema,
  UserSchema,
  type UserWithTemplates,
} from "../../shared/contract/users.ts";
import {
  type Call,
  createSignedCalls,
  type Expected,
  type GalleryCaller,
  type GalleryClientOptions,
  MAX_ANSWER_BYTES,
} from "./signed_calls.ts";

export type { GalleryCaller };

/** An embedding, as a worker has sent it. */
export interface SentEmbedding {
  /** Bytes that the api never reads. */
  readonly embedding: Uint8Array;
  /** sha256 of the model that made the embedding. */
  readonly model: string;
}

/** The embedding of a face to decide about, and what is known about the face. */
export interface SentFace extends SentEmbedding, SeenFace {
  /** Policies of the caller's key. */
  readonly keyPolicy?: KeyPolicy | undefined;
}

/** The person that a face can be, and on whose behalf the application asks. */
export interface Whom {
  /** The only user to compare with; undefined to search the collection. */
  readonly userId: string | undefined;
  /** The application's name for its own client. */
  readonly clientRef?: string | undefined;
}

/** The answer to a call that decides. */
export interface DecisionAnswer {
  readonly decision: GalleryDecision;
  /**
   * False when too many searches have failed: the next one would be refused. Means nothing after a
   * comparison with one user, who can be locked.
   */
  readonly isNextAllowed: boolean;
}

/** A template to add. */
export interface SentTemplate extends SentEmbedding {
  /** sha256 of the picture, in hexadecimal. */
  readonly photoSha256: string;
  /** True to add the template although it matches another user. */
  readonly force: boolean;
}

/** Options of {@linkcode GalleryClient.putUser}. */
export interface PutUserOptions {
  /** True: a user that is there stays as it is. */
  readonly onlyNew?: boolean;
  /** True: the caller may let a user expire earlier than before. */
  readonly mayShorten?: boolean;
}

/** Something that was stored. */
export interface Stored<Value> {
  /** False when it was there before. */
  readonly created: boolean;
  readonly value: Value;
}

/**
 * Calls the gallery service. Every method rejects with `gallery_unavailable` when the service did
 * not answer as documented, and with the reason of the caller's signal. After such an error a change
 * may have been made or not.
 */
export interface GalleryClient extends AsyncDisposable {
  /** True when the service has answered since this process started. */
  readonly reached: boolean;
  /**
   * Called before work that is of no use without the gallery. Sends nothing.
   *
   * @throws {Problem} `gallery_unavailable` while the service has no address
   */
  assertAddress(): void;
  /**
   * Asks if a decision would be refused after too many failed attempts. Another request can have
   * changed that before the decision.
   *
   * @throws {Problem} `too_many_attempts`, `locked`
   */
  checkDecision(caller: GalleryCaller, whom: Whom): Promise<void>;
  /**
   * Decides whose face it is. The call is never sent twice.
   *
   * @throws {Problem} `face_unclear`, `not_live`, `ambiguous_match`, `too_many_attempts`, `locked`
   */
  decide(caller: GalleryCaller, face: SentFace, whom: Whom): Promise<DecisionAnswer>;
  /**
   * Creates a user, or replaces the fields of a user.
   *
   * @param options With `onlyNew`, a user that is there stays as it is
   * @throws {Problem} `invalid_request` when `expires_at` is in the past, `consent_required`,
   * `user_exists` only with `onlyNew`, and `forbidden_scope` only without `mayShorten`, when the user
   * would expire earlier
   */
  putUser(
    caller: GalleryCaller,
    userId: string,
    fields: PutUser,
    options?: PutUserOptions,
  ): Promise<Stored<User>>;
  /** @throws {Problem} `user_not_found` */
  getUser(caller: GalleryCaller, userId: string): Promise<UserWithTemplates>;
  /** @throws {Problem} `invalid_request` for a bad cursor */
  listUsers(
    caller: GalleryCaller,
    page: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<UserPage>;
  /** Deletes a user, if there is one. */
  deleteUser(caller: GalleryCaller, userId: string): Promise<void>;
  /** Forgets the failed attempts to be recognised as a user, also for a user_id without a user. */
  unlockUser(caller: GalleryCaller, userId: string): Promise<void>;
  /**
   * Asks if a template would be refused after too many failed attempts.
   *
   * @throws {Problem} `too_many_attempts`, `locked`
   */
  checkEnrolment(caller: GalleryCaller, userId: string): Promise<void>;
  /**
   * Adds a template.
   *
   * @throws {Problem} `user_not_found`, `not_the_same_person`, `belongs_to_another_user`,
   * `too_many_templates`, `consent_required`, `too_many_attempts`, `locked`
   */
  addTemplate(
    caller: GalleryCaller,
    userId: string,
    template: SentTemplate,
  ): Promise<Stored<Template>>;
  /** Deletes a template, if there is one. */
  deleteTemplate(caller: GalleryCaller, userId: string, templateId: string): Promise<void>;
  /** @throws {Problem} `user_not_found` */
  exportUser(caller: GalleryCaller, userId: string): Promise<UserExport>;
  /**
   * Returns the rule of a match, and counts the templates of the collection.
   *
   * @param model sha256 of the recognition model that the rule is for
   */
  describe(caller: GalleryCaller, model: string | undefined): Promise<GalleryModels>;
  /**
   * Returns a page of the events of the caller's collection.
   *
   * @throws {Problem} `invalid_request` for a cursor that no page had
   */
  readAudit(caller: GalleryCaller, query: AuditPageQuery): Promise<AuditPage>;
  /** Asks the service if it is ready. Never rejects. */
  check(signal: AbortSignal): Promise<boolean>;
}

/** One user with as many templates as possible. */
const MAX_USER_BYTES = MAX_ANSWER_BYTES + MAX_TEMPLATES_OF_USER * 256;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const DONE: Expected<undefined> = { statuses: [204], schema: z.undefined() };
/** Only a hint: an older service does not know the call, and the call that follows is checked again. */
const NOT_REFUSED: Expected<undefined> = { ...DONE, whenUnknown: { value: undefined } };

/** Makes a client. It keeps its connections. */
export function createGalleryClient(options: GalleryClientOptions): GalleryClient {
  const calls = createSignedCalls(options);
  const ofUser = (userId: string, rest = "") => `/users/${encodeSegment(userId)}${rest}`;
  return {
    get reached() {
      return calls.reached;
    },
    assertAddress: () => calls.assertAddress(),
    check: (signal) => calls.check(signal),
    [Symbol.asyncDispose]: () => calls[Symbol.asyncDispose](),

    async checkDecision(caller, whom) {
      const claims = { purpose: "check_decision", ...claimsOf(whom) } as const;
      await calls.make(caller, { method: "GET", path: "/tries", claims }, NOT_REFUSED);
    },

    async decide(caller, { embedding, model, ...face }, whom) {
      const { userId } = whom;
      const { value: decision, retryAfter } = await calls.make(
        caller,
        {
          method: "POST",
          path: "/decisions",
          claims: {
            purpose: "decide",
            model: galleryModel(model),
            ...claimsOf(whom),
            ...faceClaims(face),
          },
          body: { type: EMBEDDING_TYPE, bytes: embedding },
        },
        {
          statuses: [200],
          schema: GalleryDecisionSchema,
          fits: (decision) =>
            !decision.matched || userId === undefined || decision.user_id.normalize() === userId,
        },
      );
      return { decision, isNextAllowed: retryAfter === undefined };
    },

    async putUser(caller, userId, fields, { onlyNew = false, mayShorten = false } = {}) {
      const { status, value } = await calls.make(
        caller,
        {
          method: "PUT",
          path: ofUser(userId),
          claims: {
            purpose: "put_user",
            user_id: userId,
            ...onlyNew && { only_new: true },
            // A new user is not shortened. An older service refuses claims that it does not know.
            ...mayShorten && !onlyNew && fields.expires_at !== undefined && { may_shorten: true },
          },
          body: { type: "application/json", bytes: Buffer.from(JSON.stringify(fields)) },
        },
        { statuses: onlyNew ? [201] : [200, 201], schema: UserSchema },
      );
      return { created: status === 201, value };
    },

    async getUser(caller, userId) {
      const claims = { purpose: "get_user", user_id: userId } as const;
      const call: Call = {
        method: "GET",
        path: ofUser(userId),
        claims,
        maxAnswerBytes: MAX_USER_BYTES,
      };
      return (await calls.make(caller, call, { statuses: [200], schema: GalleryUserSchema }))
        .value;
    },

    async listUsers(caller, { limit, cursor }) {
      const query = new URLSearchParams({
        limit: String(limit),
        ...cursor !== undefined && { cursor },
      });
      const { value } = await calls.make(
        caller,
        {
          method: "GET",
          path: `/users?${query}`,
          claims: { purpose: "list_users" },
          maxAnswerBytes: MAX_PAGE_BYTES,
        },
        { statuses: [200], schema: UserPageSchema, fits: ({ users }) => users.length <= limit },
      );
      return value;
    },

    async deleteUser(caller, userId) {
      const claims = { purpose: "delete_user", user_id: userId } as const;
      await calls.make(caller, { method: "DELETE", path: ofUser(userId), claims }, DONE);
    },

    async unlockUser(caller, userId) {
      const claims = { purpose: "unlock_user", user_id: userId } as const;
      await calls.make(caller, { method: "POST", path: ofUser(userId, "/unlock"), claims }, DONE);
    },

    async checkEnrolment(caller, userId) {
      const claims = { purpose: "check_enrolment", user_id: userId } as const;
      const path = ofUser(userId, "/tries");
      await calls.make(caller, { method: "GET", path, claims }, NOT_REFUSED);
    },

    async addTemplate(caller, userId, { embedding, model, photoSha256, force }) {
      const { status, value } = await calls.make(
        caller,
        {
          method: "POST",
          path: ofUser(userId, "/templates"),
          claims: {
            purpose: "add_template",
            user_id: userId,
            model: galleryModel(model),
            photo_sha256: photoSha256,
            ...force && { force },
          },
          body: { type: EMBEDDING_TYPE, bytes: embedding },
        },
        { statuses: [200, 201], schema: TemplateSchema },
      );
      return { created: status === 201, value };
    },

    async deleteTemplate(caller, userId, templateId) {
      const call: Call = {
        method: "DELETE",
        path: ofUser(userId, `/templates/${encodeSegment(templateId)}`),
        claims: { purpose: "delete_template", user_id: userId, template_id: templateId },
      };
      await calls.make(caller, call, DONE);
    },

    async exportUser(caller, userId) {
      const claims = { purpose: "export_user", user_id: userId } as const;
      const call: Call = {
        method: "GET",
        path: ofUser(userId, "/export"),
        claims,
        maxAnswerBytes: MAX_USER_BYTES,
      };
      return (await calls.make(caller, call, { statuses: [200], schema: GalleryExportSchema }))
        .value;
    },

    async readAudit(caller, query) {
      const texts = Object.entries(query).filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, String(value)]);
      const call: Call = {
        method: "GET",
        path: `/audit?${new URLSearchParams(texts)}`,
        claims: { purpose: "read_audit" },
        maxAnswerBytes: MAX_PAGE_BYTES,
      };
      const { value } = await calls.make(caller, call, {
        statuses: [200],
        schema: AuditPageSchema,
        fits: ({ events }) => events.length <= query.limit,
      });
      return value;
    },

    async describe(caller, model) {
      const call: Call = {
        method: "GET",
        path: "/models",
        claims: { purpose: "describe", ...model !== undefined && { model: galleryModel(model) } },
      };
      return (await calls.make(caller, call, { statuses: [200], schema: GalleryModelsSchema }))
        .value;
    },
  };
}

function claimsOf({ userId, clientRef }: Whom) {
  return {
    ...userId !== undefined && { user_id: userId },
    ...clientRef !== undefined && { client_ref: clientRef },
  };
}

/** Returns the claims that can change a decision: an older service refuses claims that it does not know. */
function faceClaims({ liveness, unclear, keyPolicy }: Omit<SentFace, keyof SentEmbedding>) {
  return {
    ...liveness !== undefined && { liveness },
    ...unclear && { unclear },
    ...keyPolicy?.liveness === "enforce" && { enforce_liveness: true },
    ...unclear && keyPolicy?.quality === "enforce" && { enforce_quality: true },
  };
}

/**
 * Encodes a part of a path. "." and ".." are encoded, too: written as they are, they would mean
 * another path.
 */
function encodeSegment(text: string): string {
  return /^\.{1,2}$/.test(text) ? text.replaceAll(".", "%2E") : encodeURIComponent(text);
}
