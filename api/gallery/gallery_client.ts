/**
 * Calls the gallery service. Each call has a signed statement of what it is about. The service's
 * answers are bounded and checked, and everything else that it sends is a failure.
 */

import { Buffer } from "node:buffer";
import { Agent } from "undici";
import { z } from "zod";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import {
  EMBEDDING_TYPE,
  type GalleryClaims,
  type GalleryDecision,
  GalleryDecisionSchema,
} from "../../shared/contract/gallery_call.ts";
import {
  type GalleryModels,
  GalleryModelsSchema,
  MAX_TEMPLATES_OF_USER,
  type PutUser,
  type Template,
  TemplateSchema,
  type User,
  type UserExport,
  UserExportSchema,
  type UserPage,
  UserPageSchema,
  UserSchema,
  type UserWithTemplates,
  UserWithTemplatesSchema,
} from "../../shared/contract/users.ts";
import { checksumOf } from "../../shared/http/checksum.ts";
import { signGalleryToken } from "../../shared/http/gallery_token.ts";
import type { SigningKeys } from "../../shared/http/token_keys.ts";
import type { ApiMetrics } from "../metrics.ts";
import { parseJson, readBounded } from "../read_bounded.ts";
import { readProblemCode } from "../read_problem_code.ts";
import { isUnreached } from "../unreached.ts";
import { galleryProblem, GalleryUnavailable } from "./gallery_problem.ts";

/** The caller on whose behalf the api calls the gallery. */
export interface GalleryCaller {
  readonly collection: string;
  /** Id of the caller's key. undefined: the caller has no key. */
  readonly key: string | undefined;
  /** Label of the request in the log of the gallery. */
  readonly requestId: string;
  /** Ends the call. */
  readonly signal: AbortSignal;
}

/** An embedding, as a worker has sent it. */
export interface SentEmbedding {
  /** Bytes that the api never reads. */
  readonly embedding: Uint8Array;
  /** sha256 of the model that made the embedding. */
  readonly model: string;
}

/** A template to add. */
export interface SentTemplate extends SentEmbedding {
  /** sha256 of the picture, in hexadecimal. */
  readonly photoSha256: string;
  /** True to add the template although it matches another user. */
  readonly force: boolean;
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
   * Decides whose face it is. The call is never sent twice.
   *
   * @param userId The only user to compare with; undefined to search the collection
   * @throws {Problem} `ambiguous_match`
   */
  decide(
    caller: GalleryCaller,
    face: SentEmbedding,
    userId: string | undefined,
  ): Promise<GalleryDecision>;
  /**
   * Creates a user, or replaces the fields of a user.
   *
   * @throws {Problem} `invalid_request` when `expires_at` is in the past
   */
  putUser(caller: GalleryCaller, userId: string, fields: PutUser): Promise<Stored<User>>;
  /** @throws {Problem} `user_not_found` */
  getUser(caller: GalleryCaller, userId: string): Promise<UserWithTemplates>;
  /** @throws {Problem} `invalid_request` for a bad cursor */
  listUsers(
    caller: GalleryCaller,
    page: { readonly limit: number; readonly cursor: string | undefined },
  ): Promise<UserPage>;
  /** Deletes a user, if there is one. */
  deleteUser(caller: GalleryCaller, userId: string): Promise<void>;
  /**
   * Adds a template.
   *
   * @throws {Problem} `user_not_found`, `not_the_same_person`, `belongs_to_another_user`,
   * `too_many_templates`
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
  /** Asks the service if it is ready. Never rejects. */
  check(signal: AbortSignal): Promise<boolean>;
}

/** Services and settings of {@linkcode createGalleryClient}. */
export interface GalleryClientOptions {
  /** Returns the address of the service; undefined while it has none. */
  readonly url: () => URL | undefined;
  /** Returns the keys. The first one signs. */
  readonly keys: () => SigningKeys;
  readonly metrics: Pick<ApiMetrics, "galleryCalled">;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Longest time in milliseconds until the service has answered; 5,000 by default. */
  readonly timeoutMs?: number;
  /** Returns the milliseconds since 1970 of this machine's clock. */
  readonly clock?: () => number;
}

const TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 2000;
const MAX_HEADER_BYTES = 4096;
/** A user with the longest texts, with each character escaped, has 5 KB. A template has 200 bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** One user with as many templates as possible. */
const MAX_USER_BYTES = MAX_ANSWER_BYTES + MAX_TEMPLATES_OF_USER * 256;
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** A call before it is signed. */
interface Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly claims: Omit<GalleryClaims, "collection" | "key" | "body_sha256">;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array };
  readonly maxAnswerBytes?: number;
}

/** Error for an answer that is not as documented. Its message has no text of the service. */
class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** Makes a client. It keeps its connections. */
export function createGalleryClient(options: GalleryClientOptions): GalleryClient {
  const { url, keys, metrics, now, timeoutMs = TIMEOUT_MS, clock = Date.now } = options;
  const agent = new Agent({
    maxHeaderSize: MAX_HEADER_BYTES,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  let reached = false;

  /** Makes a call, measures it, and turns each failure into a problem. */
  async function make<Value>(
    caller: GalleryCaller,
    call: Call,
    statuses: readonly number[],
    schema: z.ZodType<Value>,
  ): Promise<{ readonly status: number; readonly value: Value }> {
    const started = now();
    const { purpose } = call.claims;
    let outcome = "gallery_unavailable";
    using measured = new DisposableStack();
    measured.defer(() => metrics.galleryCalled(purpose, outcome, (now() - started) / 1000));
    using limit = startLimit(timeoutMs);
    const signal = AbortSignal.any([caller.signal, limit.signal]);
    try {
      const { status, value } = await sendOnceOrTwice(caller, call, signal);
      if (statuses.includes(status)) {
        const parsed = schema.safeParse(value);
        if (!parsed.success) throw new BadAnswer("The gallery's answer is not as documented");
        outcome = "ok";
        reached = true;
        return { status, value: parsed.data };
      }
      const problem = readProblemCode(status, value);
      if ("fault" in problem) throw new BadAnswer(`The gallery ${problem.fault}`);
      const refusal = galleryProblem(purpose, problem.code);
      if (refusal === undefined) {
        throw new BadAnswer(`The gallery answered ${status} ${problem.code}`);
      }
      outcome = problem.code;
      reached = true;
      throw refusal;
    } catch (error) {
      if (outcome !== "gallery_unavailable") throw error;
      if (caller.signal.aborted) {
        outcome = "aborted";
        throw caller.signal.reason;
      }
      throw new GalleryUnavailable(error);
    }
  }

  /** Sends a call again only when it surely did not arrive, and when it changes nothing. */
  async function sendOnceOrTwice(caller: GalleryCaller, call: Call, signal: AbortSignal) {
    try {
      return await send(caller, call, signal);
    } catch (error) {
      if (call.method !== "GET" || !isUnreached(error) || signal.aborted) throw error;
      return await send(caller, call, signal);
    }
  }

  function address(): string {
    const origin = url()?.origin;
    if (origin === undefined) throw new Error("The gallery service is not running");
    return origin;
  }

  async function send(
    { collection, key, requestId }: GalleryCaller,
    { method, path, claims, body, maxAnswerBytes = MAX_ANSWER_BYTES }: Call,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly value: unknown }> {
    signal.throwIfAborted();
    const origin = address();
    const [, query] = path.split("?");
    const token = await signGalleryToken(keys(), {
      ...claims,
      ...query !== undefined && { query_sha256: checksumOf(query) },
      collection,
      ...key !== undefined && { key },
      ...body && { body_sha256: checksumOf(body.bytes) },
    }, clock());
    const response = await agent.request({
      origin,
      path,
      method,
      headers: {
        "Authorization": `Bearer ${token}`,
        [REQUEST_ID_HEADER]: requestId,
        ...body && { "Content-Type": body.type },
      },
      body: body ? Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.length) : null,
      signal,
    });
    const bytes = await readBounded(response.body, maxAnswerBytes);
    if (bytes === undefined) throw new BadAnswer("The gallery's answer is too large");
    return { status: response.statusCode, value: parseJson(bytes) };
  }

  const ofUser = (userId: string, rest = "") => `/users/${encodeSegment(userId)}${rest}`;
  return {
    get reached() {
      return reached;
    },

    assertAddress() {
      try {
        address();
      } catch (error) {
        throw new GalleryUnavailable(error);
      }
    },

    async decide(caller, { embedding, model }, userId) {
      const { value } = await make(
        caller,
        {
          method: "POST",
          path: "/decisions",
          claims: { purpose: "decide", model, ...userId !== undefined && { user_id: userId } },
          body: { type: EMBEDDING_TYPE, bytes: embedding },
        },
        [200],
        GalleryDecisionSchema.refine((decision) =>
          !decision.matched || userId === undefined || decision.user_id.normalize() === userId
        ),
      );
      return value;
    },

    async putUser(caller, userId, fields) {
      const { status, value } = await make(
        caller,
        {
          method: "PUT",
          path: ofUser(userId),
          claims: { purpose: "put_user", user_id: userId },
          body: { type: "application/json", bytes: Buffer.from(JSON.stringify(fields)) },
        },
        [200, 201],
        UserSchema,
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
      return (await make(caller, call, [200], UserWithTemplatesSchema)).value;
    },

    async listUsers(caller, { limit, cursor }) {
      const query = new URLSearchParams({
        limit: String(limit),
        ...cursor !== undefined && { cursor },
      });
      const { value } = await make(
        caller,
        {
          method: "GET",
          path: `/users?${query}`,
          claims: { purpose: "list_users" },
          maxAnswerBytes: MAX_PAGE_BYTES,
        },
        [200],
        UserPageSchema.refine(({ users }) => users.length <= limit),
      );
      return value;
    },

    async deleteUser(caller, userId) {
      const claims = { purpose: "delete_user", user_id: userId } as const;
      await make(caller, { method: "DELETE", path: ofUser(userId), claims }, [204], z.undefined());
    },

    async addTemplate(caller, userId, { embedding, model, photoSha256, force }) {
      const { status, value } = await make(
        caller,
        {
          method: "POST",
          path: ofUser(userId, "/templates"),
          claims: {
            purpose: "add_template",
            user_id: userId,
            model,
            photo_sha256: photoSha256,
            ...force && { force },
          },
          body: { type: EMBEDDING_TYPE, bytes: embedding },
        },
        [200, 201],
        TemplateSchema,
      );
      return { created: status === 201, value };
    },

    async deleteTemplate(caller, userId, templateId) {
      const call: Call = {
        method: "DELETE",
        path: ofUser(userId, `/templates/${encodeSegment(templateId)}`),
        claims: { purpose: "delete_template", user_id: userId, template_id: templateId },
      };
      await make(caller, call, [204], z.undefined());
    },

    async exportUser(caller, userId) {
      const claims = { purpose: "export_user", user_id: userId } as const;
      const call: Call = {
        method: "GET",
        path: ofUser(userId, "/export"),
        claims,
        maxAnswerBytes: MAX_USER_BYTES,
      };
      return (await make(caller, call, [200], UserExportSchema)).value;
    },

    async describe(caller, model) {
      const call: Call = {
        method: "GET",
        path: "/models",
        claims: { purpose: "describe", ...model !== undefined && { model } },
      };
      return (await make(caller, call, [200], GalleryModelsSchema)).value;
    },

    async check(signal) {
      using limit = startLimit(timeoutMs);
      try {
        const origin = url()?.origin;
        if (origin === undefined) return false;
        const { statusCode, body } = await agent.request({
          origin,
          path: "/ready",
          method: "GET",
          signal: AbortSignal.any([signal, limit.signal]),
        });
        await readBounded(body, MAX_ANSWER_BYTES);
        if (statusCode === 200) reached = true;
        return statusCode === 200;
      } catch {
        return false;
      }
    },

    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/**
 * Encodes a part of a path. "." and ".." are encoded, too: written as they are, they would mean
 * another path.
 */
function encodeSegment(text: string): string {
  return /^\.{1,2}$/.test(text) ? text.replaceAll(".", "%2E") : encodeURIComponent(text);
}

/** Starts the time that a call may take. */
function startLimit(timeoutMs: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new Error(`The gallery did not answer within ${timeoutMs} ms`));
  }, timeoutMs);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
