/** `POST /authenticate`: admits a request, reads its picture, and gets the answer from a worker. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import {
  type AuthenticateAnswer,
  AuthenticateQuerySchema,
} from "../../../shared/contract/contract.ts";
import { Problem } from "../../../shared/contract/problem.ts";
import { allows, assertScope } from "../../callers/check_scopes.ts";
import type { ApiMetrics } from "../../metrics.ts";
import { maxBodyBytes, type Probe } from "../../../shared/http/parse_probe.ts";
import { freeAtEnd } from "../../../shared/free_at_end.ts";
import { BodyEndedEarly, declaredLength } from "../../../shared/http/read_body.ts";
import { readProbe } from "../../../shared/http/read_probe.ts";
import { takes } from "../../../shared/http/route_input.ts";
import { roundMs, type ServiceEnv } from "../../../shared/http/service.ts";
import { checkPicture } from "../../../shared/picture/check_picture.ts";
import { Admission, type AdmissionLimits, QUEUE_SHARE } from "../../recognition/admission.ts";
import type { WorkerLease, WorkerPool } from "../../pool/pool.ts";
import type { ModelsInUse } from "../models.ts";
import type { WorkerClient } from "../../recognition/worker_client.ts";
import { AUTHENTICATE_DOC } from "./openapi.ts";

/** Bounds on requests. */
export interface AuthenticateLimits extends AdmissionLimits {
  /** Largest size of a picture in bytes. */
  readonly maxImageBytes: number;
  /** Largest number of pixels of a picture: see PictureLimits. */
  readonly maxImagePixels: number;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
  /** Milliseconds that a whole request may take. */
  readonly requestTimeoutMs: number;
}

/** Dependencies of {@linkcode addAuthenticate}. */
export interface AuthenticateDeps {
  readonly pool: WorkerPool;
  readonly workers: WorkerClient;
  readonly metrics: Pick<ApiMetrics, "authenticated" | "observedLiveness">;
  readonly limits: AuthenticateLimits;
  /** Learns which models the workers have. */
  readonly models: Pick<ModelsInUse, "see">;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Number of workers that a request tries to reach. Used workers are not counted. */
const MAX_ATTEMPTS = 2;
/**
 * Number of workers that may refuse the token of one request. Each of them is destroyed, so a wrong
 * key must not cost a whole pool.
 */
const MAX_REFUSED_TOKENS = 3;

/** The status that nginx logs when a client disconnects. No client reads it. */
const CLIENT_GONE_STATUS = 499;

/**
 * Counts the outcomes of the route. Call this before `installService`, so that the requests that it
 * refuses are counted, too.
 */
export function countOutcomes(
  app: OpenAPIHono<ServiceEnv>,
  { metrics, now }: Pick<AuthenticateDeps, "metrics" | "now">,
): void {
  app.use("/authenticate", async (c, next) => {
    const started = now();
    await next();
    const event = c.get("event");
    const outcome = event["outcome"] ?? event["code"];
    if (typeof outcome === "string") metrics.authenticated(outcome, (now() - started) / 1000);
  });
}

/** Adds the route and its description. */
export function addAuthenticate(app: OpenAPIHono<ServiceEnv>, deps: AuthenticateDeps): void {
  app.openAPIRegistry.registerPath(AUTHENTICATE_DOC);
  const admission = new Admission(deps.pool, deps.limits);
  const input = takes({ query: AuthenticateQuerySchema, body: true });

  app.post("/authenticate", allows(["verify", "authenticate"]), input, async (c) => {
    const started = deps.now();
    const { signal } = c.req.raw;
    try {
      const answer = await authenticate(c, admission, deps);
      const event = c.get("event");
      event["outcome"] = answer.matched ? "matched" : "not_matched";
      event["worker_ms"] = answer.duration_ms;
      return c.json({ ...answer, duration_ms: roundMs(deps.now() - started) });
    } catch (error) {
      const answerable = error instanceof Problem || !signal.aborted;
      // Deno does not abort the signal while a body is read. So a client that disconnects looks
      // like a client that sends malformed chunks, and both get the response.
      if (!answerable || error instanceof BodyEndedEarly) c.get("event")["outcome"] = "client_gone";
      if (answerable) throw error;
      return new Response(null, { status: CLIENT_GONE_STATUS });
    }
  });
}

async function authenticate(
  c: Context<ServiceEnv>,
  admission: Admission,
  deps: AuthenticateDeps,
): Promise<AuthenticateAnswer> {
  const { limits } = deps;
  const request = c.req.raw;
  using deadline = startDeadline(limits.requestTimeoutMs);
  using queueEnd = startDeadline(limits.requestTimeoutMs * QUEUE_SHARE);
  using admitted = admission.admit(expectedBytes(request, limits.maxImageBytes));
  const probe = await readProbe(request, c.get("query").get("user_id"), {
    maxImageBytes: limits.maxImageBytes,
    // A late body must give request_timeout, also when the time of the whole request ends first.
    bodyTimeoutMs: Math.min(limits.bodyTimeoutMs, limits.requestTimeoutMs),
    signal: request.signal,
    arrived: admitted.arrived,
  });
  using _picture = freeAtEnd(probe.image);
  // The body can have the user_id.
  if (probe.userId === undefined) assertScope(c, "authenticate");
  // A worker costs much more than this check.
  checkPicture(probe.image, { maxPixels: limits.maxImagePixels });
  return await askWorker(probe, c.get("requestId"), c.get("event"), deps, {
    answer: AbortSignal.any([request.signal, deadline.signal]),
    claim: AbortSignal.any([request.signal, queueEnd.signal]),
    queueEnded: queueEnd.problem,
  });
}

/** Returns the length that the headers declare, at most the limit: no more is ever read. */
function expectedBytes(request: Request, maxImageBytes: number): number {
  const max = maxBodyBytes(request.headers.get("Content-Type") ?? "", maxImageBytes);
  return Math.min(declaredLength(request) ?? 0, max);
}

/** Signals that end the waits of a request. */
interface Waits {
  /** Ends the wait for a worker's answer. */
  readonly answer: AbortSignal;
  /** Ends the wait for a worker. */
  readonly claim: AbortSignal;
  /** The reason of `claim` when the request has waited too long for a worker. */
  readonly queueEnded: Problem;
}

interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** The reason of the signal. */
  readonly problem: Problem;
}

function startDeadline(timeoutMs: number): Deadline {
  const problem = new Problem(
    "deadline_exceeded",
    `The picture was not processed within ${timeoutMs} ms`,
  );
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(problem), timeoutMs);
  return { signal: controller.signal, problem, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function askWorker(
  probe: Probe,
  requestId: string,
  event: Record<string, unknown>,
  { pool, workers, metrics, models }: AuthenticateDeps,
  waits: Waits,
): Promise<AuthenticateAnswer> {
  for (let unreached = 0, unauthorized = 0;;) {
    await using lease = await claim(pool, waits);
    const result = await workers.authenticate(lease.worker, probe, requestId, waits.answer);
    switch (result.kind) {
      case "answer":
        lease.keep();
        if (result.liveness !== undefined) metrics.observedLiveness(result.liveness);
        models.see(result.models);
        return result.answer;
      case "refusal":
        lease.keep();
        models.see(result.models);
        throw result.problem;
      case "used":
        // The worker serves fewer requests than this api expects. This can happen during an
        // upgrade. The deadline limits these attempts.
        continue;
      case "unauthorized":
        // Also logged when another worker answers: a clock or a key needs attention.
        event["tokens_refused"] = ++unauthorized;
        event["token_cause"] = result.cause.message;
        if (unauthorized < MAX_REFUSED_TOKENS) continue;
        throw pool.refusal("No worker could be asked", result.cause);
      case "unreached":
        if (++unreached < MAX_ATTEMPTS) continue;
        throw workerFailed(result.cause);
      case "failed":
        throw workerFailed(result.cause);
    }
  }
}

async function claim(pool: WorkerPool, waits: Waits): Promise<WorkerLease> {
  try {
    return await pool.claim(waits.claim);
  } catch (error) {
    if (error === waits.queueEnded) throw pool.refusal("No worker became free in time");
    throw error;
  }
}

function workerFailed(cause: unknown): Problem {
  return new Problem(
    "worker_failed",
    "The worker failed before it answered; the request can be sent again",
    { cause },
  );
}
