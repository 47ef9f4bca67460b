/** Sends a picture to a worker and classifies its response. */

import {
  type AuthenticateAnswer,
  LIVENESS_HEADER,
  REQUEST_ID_HEADER,
  UNCLEAR_HEADER,
} from "../../shared/contract/contract.ts";
import { MAX_EMBEDDING_BYTES } from "../../shared/contract/gallery_call.ts";
import { type Problem, type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import {
  readWorkerModels,
  WORKER_MODELS_HEADER,
  type WorkerModels,
} from "../../shared/contract/models_in_use.ts";
import {
  readSealState,
  type SealState,
  WORKER_SEAL_HEADER,
} from "../../shared/contract/worker_seal.ts";
import type { Probe } from "../../shared/http/parse_probe.ts";
import { CLOCK_TOLERANCE_SECONDS } from "../../shared/http/call_token.ts";
import { signWorkerToken } from "../../shared/http/worker_token.ts";
import type { SigningKeys } from "../../shared/http/token_keys.ts";
import type { LeasedWorker } from "../../shared/pool/pool.ts";
import { NotConnected, openConnections } from "../connections/connections.ts";
import {
  type EmbeddedPicture,
  readEmbedding,
  readIdentity,
  type WorkerAnswer,
  type WorkerResponse,
} from "./read_worker_answer.ts";

/** Result of sending a picture to a worker. */
export type WorkerResult<Answer = AuthenticateAnswer> =
  /** The worker recognised a face. It can serve again. */
  | {
    readonly kind: "answer";
    readonly answer: Answer;
    readonly models?: WorkerModels;
    readonly seal?: SealState;
    readonly liveness?: number;
    /** True for a face that is not seen clearly. */
    readonly unclear?: true;
  }
  /** The worker refused the picture. It can serve again. */
  | {
    readonly kind: "refusal";
    readonly problem: Problem;
    readonly models?: WorkerModels;
    readonly seal?: SealState;
    /** Only with `ambiguous_match`: no other refusal is about a face that was compared. */
    readonly liveness?: number;
    readonly unclear?: true;
  }
  /** The worker never saw the probe. Another worker can be tried. */
  | { readonly kind: "unreached"; readonly cause: unknown }
  /** The worker did not accept the token, so it did not read the probe. */
  | { readonly kind: "unauthorized"; readonly cause: Error }
  /** The worker takes no more requests and did not read the probe. */
  | { readonly kind: "used"; readonly cause: unknown }
  /** The worker died, or its response is not as documented. */
  | { readonly kind: "failed"; readonly cause: unknown };

/** Calls workers. */
export interface WorkerClient extends AsyncDisposable {
  /**
   * Sends a probe to a worker, which serves no other request at the same time.
   *
   * @param requestId Request id for the worker's log
   * @param signal Ends the call
   * @throws the signal's reason
   */
  authenticate(
    worker: LeasedWorker,
    probe: Probe,
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult>;
  /**
   * Gets the embedding of the face in a picture from a worker that holds no gallery.
   *
   * @param forTemplate True when a template will be made of the embedding
   * @param requestId Request id for the worker's log
   * @param signal Ends the call
   * @throws the signal's reason
   */
  embed(
    worker: LeasedWorker,
    picture: { readonly image: Uint8Array; readonly forTemplate: boolean },
    requestId: string,
    signal: AbortSignal,
  ): Promise<WorkerResult<EmbeddedPicture>>;
}

const MAX_HEADER_BYTES = 4096;
const CONNECT_TIMEOUT_MS = 2000;

/**
 * Makes a client that signs each call with the first of `keys()`.
 *
 * @param clock Returns the milliseconds since 1970 of this machine's clock
 */
export function createWorkerClient(
  keys: () => SigningKeys,
  clock: () => number = Date.now,
): WorkerClient {
  const connections = openConnections({
    maxHeaderBytes: MAX_HEADER_BYTES,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  /** Sends a picture, and reads the response with `read`. */
  async function send<Answer>(
    url: URL,
    { worker, image, requestId, signal }: Sending,
    read: (response: WorkerResponse) => WorkerAnswer<Answer>,
  ): Promise<WorkerResult<Answer>> {
    const token = signWorkerToken(keys(), worker.name, clock());
    try {
      const response = await connections.send({
        method: "POST",
        origin: url,
        path: `${url.pathname}${url.search}`,
        headers: {
          "Authorization": `Bearer ${token}`,
          "Content-Type": "application/octet-stream",
          [REQUEST_ID_HEADER]: requestId,
        },
        body: image,
        maxBodyBytes: MAX_EMBEDDING_BYTES,
        signal,
      });
      const { headers } = response;
      const answer = read(response);
      if (answer.kind === "code") return classify(answer.code, headers["date"], clock());
      const models = readWorkerModels(headers[WORKER_MODELS_HEADER.toLowerCase()]);
      const seal = readSealState(headers[WORKER_SEAL_HEADER.toLowerCase()]);
      const result = {
        ...answer,
        ...models !== undefined && { models },
        ...seal !== undefined && { seal },
      };
      const wasCompared = result.kind === "answer" || result.problem.code === "ambiguous_match";
      if (!wasCompared) return result;
      const liveness = readLiveness(headers[LIVENESS_HEADER.toLowerCase()]);
      const isUnclear = headers[UNCLEAR_HEADER.toLowerCase()] === "true";
      return {
        ...result,
        ...liveness !== undefined && { liveness },
        ...isUnclear && { unclear: true },
      };
    } catch (cause) {
      signal.throwIfAborted();
      return { kind: cause instanceof NotConnected ? "unreached" : "failed", cause };
    }
  }
  return {
    authenticate(worker, { image, userId }, requestId, signal) {
      const url = new URL("authenticate", worker.url);
      if (userId !== undefined) url.searchParams.set("user_id", userId);
      return send(
        url,
        { worker, image, requestId, signal },
        (response) => readIdentity(response, userId),
      );
    },
    async embed(worker, { image, forTemplate }, requestId, signal) {
      const url = new URL(forTemplate ? "embed?template=true" : "embed", worker.url);
      const result = await send(url, { worker, image, requestId, signal }, readEmbedding);
      const liveness = result.kind === "answer" ? result.answer.face.liveness : undefined;
      return liveness === undefined ? result : { ...result, liveness };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(connections[Symbol.dispose]()),
  };
}

/** A picture on its way to a worker. */
interface Sending {
  readonly worker: LeasedWorker;
  readonly image: Uint8Array;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** Returns the score; undefined when the header is missing or has another form. */
function readLiveness(header: string | string[] | undefined): number | undefined {
  const isScore = typeof header === "string" && /^(0\.\d{3}|1\.000)$/.test(header);
  return isScore ? Number(header) : undefined;
}

/** Returns the result for a code that is not about the picture. */
function classify(
  code: ProblemCode,
  date: string | string[] | undefined,
  nowMs: number,
): WorkerResult<never> {
  switch (code) {
    case "unauthorized":
      return { kind: "unauthorized", cause: new Error(whyUnauthorized(date, nowMs)) };
    case "worker_used":
      return { kind: "used", cause: refusedBy(code) };
    // A worker that is still starting has not read the probe.
    case "no_worker_available":
      return { kind: "unreached", cause: refusedBy(code) };
    default:
      return { kind: "failed", cause: refusedBy(code) };
  }
}

function refusedBy(code: ProblemCode): Error {
  return new Error(`The worker answered ${PROBLEMS[code].status} ${code}`);
}

/** Finds out from the worker's Date header if its clock is the reason. */
function whyUnauthorized(date: string | string[] | undefined, nowMs: number): string {
  const workerMs = typeof date === "string" && date.length < 40 ? Date.parse(date) : NaN;
  const seconds = Math.round((workerMs - nowMs) / 1000);
  // A Date header has whole seconds, and the response was on its way for a moment.
  if (Math.abs(seconds) < CLOCK_TOLERANCE_SECONDS - 2) {
    return "The worker refused the token, and its clock is right: it does not have the public key";
  }
  if (Number.isNaN(seconds)) return "The worker refused the token";
  return `The worker refused the token: its clock is ${Math.abs(seconds)} s ` +
    (seconds < 0 ? "behind" : "ahead");
}
