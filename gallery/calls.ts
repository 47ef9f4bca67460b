/**
 * The routes of calls. A call is answered only when its statement, which the api has signed, says
 * the same as the call: the purpose, the user and template of the path, the query and the body.
 */

import type { Context, Hono } from "hono";
import type { z } from "zod";
import { abortable } from "../shared/abortable.ts";
import { isUserText, normalizeUserId } from "../shared/contract/user_text.ts";
import type { GalleryClaims, Purpose } from "../shared/contract/gallery_call.ts";
import { Problem } from "../shared/contract/problem.ts";
import type { CallVerifier, VerifiedCall } from "../shared/http/call_token.ts";
import { checksumOf } from "../shared/http/checksum.ts";
import { readBody } from "../shared/http/read_body.ts";
import { takes } from "../shared/http/route_input.ts";
import type { ServiceEnv } from "../shared/http/service.ts";
import { isTryCode } from "../shared/contract/try_code.ts";
import type { AuditOrigin } from "./audit/event.ts";
import { type Gallery, unavailable } from "./gallery.ts";
import type { GalleryMetrics } from "./metrics.ts";
import { StoreUnavailable } from "./store/store.ts";
import { describeFailure, isStoreFailure } from "./store_failure.ts";

/** Dependencies of the routes. */
export interface CallDeps {
  /** Checks an Authorization header, and returns what its token states. */
  readonly verifyToken: CallVerifier<GalleryClaims>;
  /** Returns undefined until all users are in memory. */
  readonly gallery: () => Gallery | undefined;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds that the gallery may take to answer. */
  readonly answerTimeoutMs: number;
  readonly metrics: Pick<GalleryMetrics, "callBegins" | "refusedTry" | "storeError">;
}

/** The body that a route takes. */
export interface CallBody {
  readonly mediaType: string;
  readonly maxBytes: number;
}

/** Claims that a statement must have for a purpose, in addition to those of the path and the body. */
type NeededClaim = "model" | "photo_sha256";

/** Properties of a route. */
export interface CallRoute<Needed extends NeededClaim> {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly purpose: Purpose;
  readonly body?: CallBody;
  readonly query?: z.ZodObject;
  readonly needs?: readonly Needed[];
  /**
   * Returns true when the call has something to delete: its token may then use the room that is kept
   * for a full disk.
   */
  readonly frees?: (call: Call<Needed>) => Promise<boolean>;
}

/** A call whose statement fits it. */
export interface Call<Needed extends NeededClaim = never> {
  readonly gallery: Gallery;
  readonly token: VerifiedCall<GalleryClaims>;
  readonly claims: GalleryClaims & { readonly [Name in Needed]: string };
  /** The call, for the audit. */
  readonly origin: AuditOrigin;
  /** The user of the path. Empty for a path without a user. */
  readonly userId: string;
  /** The template of the path. Empty for a path without a template. */
  readonly templateId: string;
  /** Empty for a route without a body. */
  readonly body: Uint8Array;
  /** Aborts when the call has been answered, because its answer took too long. */
  readonly signal: AbortSignal;
}

/** Adds a route. */
export type AddCall = <Needed extends NeededClaim = never>(
  route: CallRoute<Needed>,
  answer: (c: Context<ServiceEnv>, call: Call<Needed>) => Promise<Response>,
) => void;

/** Makes the function that adds routes to an app. */
export function createCalls(app: Hono<ServiceEnv>, deps: CallDeps): AddCall {
  return <Needed extends NeededClaim>(
    route: CallRoute<Needed>,
    answer: (c: Context<ServiceEnv>, call: Call<Needed>) => Promise<Response>,
  ) => {
    const { method, path, purpose, query, body, needs = [] } = route;
    const input = takes({ ...(query && { query }), body: body !== undefined });
    app.on(method, path, input, async (c) => {
      const token = await deps.verifyToken(c.req.header("Authorization"));
      using ending = new DisposableStack();
      ending.defer(deps.metrics.callBegins());
      const { claims } = token;
      const event = c.get("event");
      event["purpose"] = claims.purpose;
      if (claims.key !== undefined) event["key"] = claims.key;
      const { user_id: userId = "", template_id: templateId = "" } = claims;
      if (!fits(c, route, claims) || needs.some((name) => claims[name] === undefined)) {
        throw statementDiffers();
      }
      const gallery = deps.gallery();
      if (gallery === undefined) throw unavailable(new Error("The gallery is not loaded yet"));
      const bytes = body ? await readStatedBody(c, body, claims, deps) : new Uint8Array();
      return await answerInTime(async (signal) => {
        const call: Call<Needed> = {
          gallery,
          token,
          claims: claims as never,
          origin: { key: claims.key, requestId: c.get("requestId") },
          userId,
          templateId,
          body: bytes,
          signal,
        };
        if (CHANGES.has(purpose)) {
          const frees = await route.frees?.(call) ?? false;
          if (!await useToken(gallery, token, frees)) throw usedBefore();
        }
        return await answer(c, call);
      }, deps);
    });
  };
}

/**
 * The purposes that change something. Their tokens are stored, as those of decisions are. Otherwise a
 * token could repeat the change on another replica, and bring a deleted user back.
 */
const CHANGES: ReadonlySet<Purpose> = new Set([
  "put_user",
  "delete_user",
  "add_template",
  "delete_template",
  "unlock_user",
]);

function useToken(
  { store }: Gallery,
  { jti, refusedAfterMs: expiresAt }: VerifiedCall<GalleryClaims>,
  frees: boolean,
): Promise<boolean> {
  return store.useToken({ jti, expiresAt }, { frees });
}

/** True when the statement is about this route, and about the user and the template of the path. */
function fits(
  c: Context<ServiceEnv>,
  { path, purpose, body }: Pick<CallRoute<NeededClaim>, "path" | "purpose" | "body">,
  claims: GalleryClaims,
): boolean {
  if (claims.purpose !== purpose || !isUserText(claims.collection)) return false;
  const query = queryOf(c.req.raw.url);
  if (claims.query_sha256 !== (query === undefined ? query : checksumOf(query))) return false;
  if ((claims.body_sha256 !== undefined) !== (body !== undefined)) return false;
  // The client of an application is part of a try to be recognised alone.
  const isDecision = purpose === "decide" || purpose === "check_decision";
  if (!isDecision && claims.client_ref !== undefined) return false;
  // In a decision, the user is in the statement alone.
  if (isDecision) return claims.template_id === undefined;
  const userId = path.includes(":user_id")
    ? normalizeUserId(c.req.param("user_id")!) ?? ""
    : undefined;
  return claims.user_id === userId && claims.template_id === c.req.param("template_id");
}

async function readStatedBody(
  c: Context<ServiceEnv>,
  { mediaType, maxBytes }: CallBody,
  claims: GalleryClaims,
  { bodyTimeoutMs: timeoutMs }: CallDeps,
): Promise<Uint8Array> {
  const [type] = (c.req.header("Content-Type") ?? "").split(";", 1);
  if (type!.trim().toLowerCase() !== mediaType) {
    throw new Problem("unsupported_media_type", `The body must be ${mediaType}`);
  }
  const body = await readBody(c.req.raw, { maxBytes, timeoutMs, signal: c.req.raw.signal });
  if (checksumOf(body) !== claims.body_sha256) {
    throw statementDiffers();
  }
  return body;
}

/** Returns the query of a URL as it was sent, undefined without one. */
function queryOf(url: string): string | undefined {
  const start = url.indexOf("?");
  return start < 0 ? undefined : url.slice(start + 1);
}

const usedBefore = (): Problem =>
  new Problem("unauthorized", "The request has no valid token for the gallery", {
    cause: new Error("The token is not accepted: used before"),
  });

const statementDiffers = (): Problem =>
  new Problem("unauthorized", "The token does not state this call");

/** Answers 503 when the store is away or damaged, or when the answer takes too long. */
async function answerInTime(
  answer: (signal: AbortSignal) => Promise<Response>,
  { answerTimeoutMs, metrics }: CallDeps,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new StoreUnavailable(`No answer within ${answerTimeoutMs} ms`));
  }, answerTimeoutMs);
  try {
    return await abortable(answer(late.signal), late.signal);
  } catch (error) {
    if (error instanceof Problem && isTryCode(error.code)) metrics.refusedTry(error.code);
    if (!isStoreFailure(error)) throw error;
    metrics.storeError();
    throw unavailable(new Error(describeFailure(error)));
  } finally {
    clearTimeout(timer);
  }
}
