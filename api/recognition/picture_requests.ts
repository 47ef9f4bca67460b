/**
 * Serves requests with a picture: admits a request, reads its picture, and asks a worker. All routes
 * that take a picture share one limit on their bytes.
 */

import type { Context } from "hono";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { freeAtEnd } from "../../shared/free_at_end.ts";
import { maxBodyBytes, type Probe } from "../../shared/http/parse_probe.ts";
import { BodyEndedEarly, declaredLength } from "../../shared/http/read_body.ts";
import { readProbe } from "../../shared/http/read_probe.ts";
import { checkPicture } from "../../shared/picture/check_picture.ts";
import type { LeasedWorker } from "../../shared/pool/pool.ts";
import { Admission, type AdmissionLimits, QUEUE_SHARE } from "./admission.ts";
import { askWorker, type AskWorkerDeps } from "./ask_worker.ts";
import type { WorkerResult } from "./worker_client.ts";
import { startTimeLimit, type TimeLimit } from "../../shared/time_limit.ts";

/** Bounds on requests with a picture. */
export interface PictureLimits extends AdmissionLimits {
  /** Largest size of a picture in bytes. */
  readonly maxImageBytes: number;
  /** Largest number of pixels of a picture: see PictureLimits of `shared/picture`. */
  readonly maxImagePixels: number;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds that a whole request may take. */
  readonly requestTimeoutMs: number;
}

/** Dependencies of {@linkcode PictureRequests}. */
export interface PictureDeps extends AskWorkerDeps {
  readonly limits: PictureLimits;
}

/** A request whose picture has arrived. */
export interface PictureRequest {
  readonly probe: Probe;
  /** Aborts when the client disconnects, and when the time of the request ends. */
  readonly signal: AbortSignal;
  /**
   * Gets the answer of a worker. The lease of the worker has ended when the promise resolves.
   *
   * @param call Sends the picture to a worker
   * @throws {Problem} the refusal of the picture, `no_worker_available`, `worker_failed` or
   * `deadline_exceeded`
   */
  ask<Answer>(
    call: (worker: LeasedWorker, signal: AbortSignal) => Promise<WorkerResult<Answer>>,
  ): Promise<Answer>;
}

/** Properties of a route that takes a picture. */
export interface PictureRoute {
  /** True when the body may have nothing but the picture. */
  readonly pictureOnly?: boolean;
  /**
   * Called when the request has arrived and before its picture is looked at.
   *
   * @throws {Problem} when the caller may not send this request
   */
  readonly check?: (probe: Probe) => void;
}

/** Serves the requests with a picture of all routes. */
export class PictureRequests {
  readonly #deps: PictureDeps;
  readonly #admission: Admission;

  constructor(deps: PictureDeps) {
    this.#deps = deps;
    this.#admission = new Admission(deps.pool, deps.limits);
  }

  /** Answers a request with `answer`, which gets its picture. The picture is then freed. */
  async serve(
    c: Context<ServiceEnv>,
    route: PictureRoute,
    answer: (request: PictureRequest) => Promise<Response>,
  ): Promise<Response> {
    try {
      return await this.#receive(c, route, answer);
    } catch (error) {
      // Deno does not abort the signal while a body is read. So a client that disconnects looks
      // like a client that sends malformed chunks, and both get the response.
      if (error instanceof BodyEndedEarly) c.get("event")["outcome"] = "client_gone";
      throw error;
    }
  }

  async #receive(
    c: Context<ServiceEnv>,
    { pictureOnly = false, check }: PictureRoute,
    answer: (request: PictureRequest) => Promise<Response>,
  ): Promise<Response> {
    const { limits } = this.#deps;
    const request = c.req.raw;
    using deadline = startDeadline(limits.requestTimeoutMs);
    using queueEnd = startDeadline(limits.requestTimeoutMs * QUEUE_SHARE);
    using admitted = this.#admission.admit(expectedBytes(request, limits.maxImageBytes));
    const probe = await readProbe(request, c.get("query"), {
      maxImageBytes: limits.maxImageBytes,
      // A late body must give request_timeout, also when the time of the whole request ends first.
      bodyTimeoutMs: Math.min(limits.bodyTimeoutMs, limits.requestTimeoutMs),
      signal: request.signal,
      pictureOnly,
      arrived: admitted.arrived,
    });
    using _picture = freeAtEnd(probe.image);
    check?.(probe);
    // A worker costs much more than this check.
    checkPicture(probe.image, { maxPixels: limits.maxImagePixels });
    const waits = {
      answer: AbortSignal.any([request.signal, deadline.signal]),
      claim: AbortSignal.any([request.signal, queueEnd.signal]),
      queueEnded: queueEnd.problem,
    };
    return await answer({
      probe,
      signal: waits.answer,
      ask: (call) => askWorker(call, c.get("event"), this.#deps, waits),
    });
  }
}

/** Returns the length that the headers declare, at most the limit: no more is ever read. */
function expectedBytes(request: Request, maxImageBytes: number): number {
  const max = maxBodyBytes(request.headers.get("Content-Type") ?? "", maxImageBytes);
  return Math.min(declaredLength(request) ?? 0, max);
}

interface Deadline extends TimeLimit {
  /** The reason of the signal. */
  readonly problem: Problem;
}

function startDeadline(timeoutMs: number): Deadline {
  const problem = new Problem(
    "deadline_exceeded",
    `The picture was not processed within ${timeoutMs} ms`,
  );
  return { ...startTimeLimit(timeoutMs, () => problem), problem };
}
