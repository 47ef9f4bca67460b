/** Makes calls to a gallery service, as the api does. */

import {
  EMBEDDING_TYPE,
  type GalleryClaims,
  type Purpose,
} from "../shared/contract/gallery_call.ts";
import { checksumOf } from "../shared/http/checksum.ts";
import { signGalleryToken } from "../shared/http/gallery_token.ts";
import type { SigningKeys } from "../shared/http/token_keys.ts";

/** A call: what is sent, and what is stated about it. They can differ, to test that it is refused. */
export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly contentType?: string;
  readonly claims: GalleryClaims;
}

/** Whose try a call is. */
export interface FakeTry {
  readonly user_id?: string;
  readonly collection?: string;
  readonly key?: string;
  readonly client_ref?: string;
}

/** Facts about the face, and the policy of the key. */
export type FakeFace = Pick<
  GalleryClaims,
  "liveness" | "unclear" | "enforce_liveness" | "enforce_quality"
>;

/** Calls for each purpose, as they should be. */
export interface FakeCalls {
  decide(
    embedding: Float32Array,
    claims: FakeTry & FakeFace & { readonly model: string },
  ): FakeCall;
  checkDecision(claims?: FakeTry): FakeCall;
  putUser(userId: string, fields: unknown, collection?: string, onlyNew?: boolean): FakeCall;
  addTemplate(
    userId: string,
    embedding: Float32Array,
    claims: {
      readonly model: string;
      readonly photo_sha256: string;
      readonly force?: boolean;
      readonly collection?: string;
      readonly key?: string;
    },
  ): FakeCall;
  deleteTemplate(userId: string, templateId: string, collection?: string): FakeCall;
  /** A call about one user, without a body. */
  about(
    purpose: "get_user" | "delete_user" | "export_user" | "check_enrolment" | "unlock_user",
    userId: string,
    collection?: string,
  ): FakeCall;
  list(query?: string, collection?: string): FakeCall;
  readAudit(query?: string, collection?: string): FakeCall;
  describe(claims?: { readonly model?: string; readonly collection?: string }): FakeCall;
}

/** Returns an embedding as its bytes. */
export function embeddingBytes(embedding: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4 * embedding.length);
  const view = new DataView(bytes.buffer);
  embedding.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

const pathOf = (userId: string): string => `/users/${encodeURIComponent(userId)}`;

/** Method and the end of the path of calls about one user. */
const ABOUT = {
  get_user: ["GET", ""],
  delete_user: ["DELETE", ""],
  export_user: ["GET", "/export"],
  check_enrolment: ["GET", "/tries"],
  unlock_user: ["POST", "/unlock"],
} as const;

/** Makes correct calls. The collection is `default` unless another one is given. */
export const CALLS: FakeCalls = {
  decide(embedding, { collection = "default", ...claims }) {
    const body = embeddingBytes(embedding);
    return {
      method: "POST",
      path: "/decisions",
      body,
      contentType: EMBEDDING_TYPE,
      claims: { purpose: "decide", collection, ...claims, body_sha256: checksumOf(body) },
    };
  },
  checkDecision({ collection = "default", ...claims } = {}) {
    return {
      method: "GET",
      path: "/tries",
      claims: { purpose: "check_decision", collection, ...claims },
    };
  },
  putUser(userId, fields, collection = "default", onlyNew = false) {
    const body = new TextEncoder().encode(JSON.stringify(fields));
    return {
      method: "PUT",
      path: pathOf(userId),
      body,
      contentType: "application/json",
      claims: {
        purpose: "put_user",
        collection,
        user_id: userId,
        ...(onlyNew && { only_new: true }),
        may_shorten: true,
        body_sha256: checksumOf(body),
      },
    };
  },
  addTemplate(userId, embedding, { collection = "default", ...claims }) {
    const body = embeddingBytes(embedding);
    return {
      method: "POST",
      path: `${pathOf(userId)}/templates`,
      body,
      contentType: EMBEDDING_TYPE,
      claims: {
        purpose: "add_template",
        collection,
        user_id: userId,
        ...claims,
        body_sha256: checksumOf(body),
      },
    };
  },
  deleteTemplate(userId, templateId, collection = "default") {
    return {
      method: "DELETE",
      path: `${pathOf(userId)}/templates/${encodeURIComponent(templateId)}`,
      claims: {
        purpose: "delete_template",
        collection,
        user_id: userId,
        template_id: templateId,
      },
    };
  },
  about(purpose, userId, collection = "default") {
    const [method, rest] = ABOUT[purpose];
    return {
      method,
      path: `${pathOf(userId)}${rest}`,
      claims: { purpose, collection, user_id: userId },
    };
  },
  list(query = "", collection = "default") {
    return {
      method: "GET",
      path: `/users${query}`,
      claims: {
        purpose: "list_users",
        collection,
        ...(query !== "" && { query_sha256: checksumOf(query.slice(1)) }),
      },
    };
  },
  readAudit(query = "", collection = "default") {
    return {
      method: "GET",
      path: `/audit${query}`,
      claims: {
        purpose: "read_audit",
        collection,
        ...(query !== "" && { query_sha256: checksumOf(query.slice(1)) }),
      },
    };
  },
  describe({ collection = "default", ...claims } = {}) {
    return {
      method: "GET",
      path: "/models",
      claims: { purpose: "describe", collection, ...claims },
    };
  },
};

/** Signs the statement of a call. */
export const signCall = (
  { claims }: FakeCall,
  keys: SigningKeys,
  nowMs?: number,
): string => signGalleryToken(keys, claims satisfies { purpose: Purpose }, nowMs);

/** Returns the request of a call. */
export function requestOf(
  origin: string | URL,
  { method, path, body, contentType }: FakeCall,
  authorization: string,
): Request {
  return new Request(new URL(path, origin), {
    method,
    headers: {
      Authorization: authorization,
      ...(contentType !== undefined && { "Content-Type": contentType }),
    },
    ...(body !== undefined && { body }),
  });
}
