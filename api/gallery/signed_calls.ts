/**
 * Sends calls to the gallery service. Each call has a signed statement of what it is about. Answers
 * are bounded and checked, and everything else that the service sends is a failure.
 */

import type { z } from "zod";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import type { GalleryClaims } from "../../shared/contract/gallery_call.ts";
import { checksumOf } from "../../shared/http/checksum.ts";
import { signGalleryToken } from "../../shared/http/gallery_token.ts";
import type { SigningKeys } from "../../shared/http/token_keys.ts";
import type { ApiMetrics } from "../metrics.ts";
import { parseJson } from "../../shared/read_bounded.ts";
import { NotConnected, openConnections } from "../connections/connections.ts";
import { readProblemCode } from "../read_problem_code.ts";
import { galleryProblem, GalleryUnavailable } from "./gallery_problem.ts";
import { startTimeLimit, type TimeLimit } from "../../shared/time_limit.ts";

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

/** Services and settings of {@linkcode createSignedCalls}. */
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
/** An idle connection is closed within twice this time. The service itself closes none before it ends. */
const KEPT_MS = 2000;
/** A user with the longest texts, with each character escaped, has 5 KB. A template has 200 bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** A call before it is signed. */
export interface Call {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly claims: Omit<GalleryClaims, "collection" | "key" | "body_sha256">;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array };
  readonly maxAnswerBytes?: number;
}

/** An answer as it is documented. */
export interface Expected<Value> {
  readonly statuses: readonly number[];
  readonly schema: z.ZodType<Value>;
  /** True for an answer to this call. By default, every answer with the schema is. */
  readonly fits?: (value: Value) => boolean;
  /**
   * The value when the service does not know the call, because it is older than this api. By default,
   * that is a failure.
   */
  readonly whenUnknown?: { readonly value: Value };
}

/** An answer that is as documented. */
export interface Checked<Value> {
  readonly status: number;
  readonly value: Value;
  /** The header Retry-After; undefined without one. */
  readonly retryAfter: string | undefined;
}

/** Sends calls. Disposing of it closes the connections. */
export interface SignedCalls extends AsyncDisposable {
  /** True when the service has answered since this process started. */
  readonly reached: boolean;
  /** @throws {Problem} `gallery_unavailable` while the service has no address */
  assertAddress(): void;
  /**
   * Makes a call, measures it, and turns each failure into a problem.
   *
   * @throws {Problem} a refusal that is documented for the call, or `gallery_unavailable`
   * @throws the reason of the caller's signal
   */
  make<Value>(
    caller: GalleryCaller,
    call: Call,
    expected: Expected<Value>,
  ): Promise<Checked<Value>>;
  /** Asks the service if it is ready. Never rejects. */
  check(signal: AbortSignal): Promise<boolean>;
}

/** The parts of an answer that are used, not checked yet. */
interface Received {
  readonly status: number;
  readonly value: unknown;
  readonly retryAfter: string | undefined;
}

/** Error for an answer that is not as documented. Its message has no text of the service. */
class BadAnswer extends Error {
  override readonly name = "BadAnswer";
}

/** Makes the sender of calls. It keeps its connections. */
export function createSignedCalls(options: GalleryClientOptions): SignedCalls {
  const { url, keys, metrics, now, timeoutMs = TIMEOUT_MS, clock = Date.now } = options;
  const connections = openConnections({
    maxHeaderBytes: MAX_HEADER_BYTES,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    keptMs: KEPT_MS,
  });
  let reached = false;

  async function make<Value>(
    caller: GalleryCaller,
    call: Call,
    { statuses, schema, fits = () => true, whenUnknown }: Expected<Value>,
  ): Promise<Checked<Value>> {
    const started = now();
    const { purpose } = call.claims;
    let outcome = "gallery_unavailable";
    using measured = new DisposableStack();
    measured.defer(() => metrics.galleryCalled(purpose, outcome, (now() - started) / 1000));
    using limit = startLimit(timeoutMs);
    const signal = AbortSignal.any([caller.signal, limit.signal]);
    try {
      const { status, value, retryAfter } = await sendOnceOrTwice(caller, call, signal);
      if (statuses.includes(status)) {
        const parsed = schema.safeParse(value);
        if (!parsed.success || !fits(parsed.data)) {
          throw new BadAnswer("The gallery's answer is not as documented");
        }
        outcome = "ok";
        reached = true;
        return { status, value: parsed.data, retryAfter };
      }
      const problem = readProblemCode(status, value);
      if ("fault" in problem) throw new BadAnswer(`The gallery ${problem.fault}`);
      if (whenUnknown !== undefined && problem.code === "not_found") {
        outcome = problem.code;
        reached = true;
        return { status, value: whenUnknown.value, retryAfter };
      }
      const refusal = galleryProblem(purpose, problem.code, retryAfter);
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
      if (call.method !== "GET" || !(error instanceof NotConnected) || signal.aborted) throw error;
      return await send(caller, call, signal);
    }
  }

  function address(): URL {
    const origin = url();
    if (origin === undefined) throw new Error("The gallery service is not running");
    return origin;
  }

  async function send(
    { collection, key, requestId }: GalleryCaller,
    { method, path, claims, body, maxAnswerBytes = MAX_ANSWER_BYTES }: Call,
    signal: AbortSignal,
  ): Promise<Received> {
    signal.throwIfAborted();
    const origin = address();
    const [, query] = path.split("?");
    const token = signGalleryToken(keys(), {
      ...claims,
      ...query !== undefined && { query_sha256: checksumOf(query) },
      collection,
      ...key !== undefined && { key },
      ...body && { body_sha256: checksumOf(body.bytes) },
    }, clock());
    const { statusCode, headers, body: bytes } = await connections.send({
      method,
      origin,
      path,
      headers: {
        "Authorization": `Bearer ${token}`,
        [REQUEST_ID_HEADER]: requestId,
        ...body && { "Content-Type": body.type },
      },
      body: body?.bytes,
      maxBodyBytes: maxAnswerBytes,
      signal,
    });
    const retryAfter = headers["retry-after"];
    return {
      status: statusCode,
      value: parseJson(bytes),
      retryAfter: typeof retryAfter === "string" ? retryAfter : undefined,
    };
  }

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

    make,

    async check(signal) {
      using limit = startLimit(timeoutMs);
      try {
        const { statusCode } = await connections.send({
          method: "GET",
          origin: address(),
          path: "/ready",
          headers: {},
          maxBodyBytes: MAX_ANSWER_BYTES,
          signal: AbortSignal.any([signal, limit.signal]),
        });
        if (statusCode === 200) reached = true;
        return statusCode === 200;
      } catch {
        return false;
      }
    },

    [Symbol.asyncDispose]: () => Promise.resolve(connections[Symbol.dispose]()),
  };
}

/** Starts the time that a call may take. */
const startLimit = (timeoutMs: number): TimeLimit =>
  startTimeLimit(timeoutMs, () => new Error(`The gallery did not answer within ${timeoutMs} ms`));
