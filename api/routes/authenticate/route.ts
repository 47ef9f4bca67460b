/** `POST /authenticate`: whose face is in this picture? */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { AuthenticateAnswer } from "../../../shared/contract/contract.ts";
import { Problem } from "../../../shared/contract/problem.ts";
import type { ApiMetrics } from "../../metrics.ts";
import { maxBodyBytes, type Probe } from "../../../shared/http/parse_probe.ts";
import { BodyEndedEarly, declaredLength } from "../../../shared/http/read_body.ts";
import { readProbe } from "../../../shared/http/read_probe.ts";
import { refuseOtherMethods, roundMs, type ServiceEnv } from "../../../shared/http/service.ts";
import type { Admission } from "./admission.ts";
import type { WorkerLease, WorkerPool } from "../../pool/pool.ts";
import type { WorkerClient } from "./worker_client.ts";
import { AUTHENTICATE_DOC } from "./openapi.ts";

/** Bounds on requests. */
export interface AuthenticateLimits {
  readonly maxImageBytes: number;
  readonly bodyTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly queueLimit: number;
  readonly queueBytes: number;
}

/** What the route works with. */
export interface AuthenticateDeps {
  readonly pool: WorkerPool;
  readonly workers: WorkerClient;
  readonly admission: Admission;
  readonly metrics: Pick<ApiMetrics, "authenticated">;
  readonly limits: AuthenticateLimits;
  readonly now: () => number;
}

/** Tries to reach a worker for one request. One that is used up was reached, and does not count. */
const MAX_ATTEMPTS = 2;

/** What nginx logs when the client has gone; nobody is there to read it. */
const CLIENT_GONE_STATUS = 499;

/** Adds the route. */
export function addAuthenticate(app: OpenAPIHono<ServiceEnv>, deps: AuthenticateDeps): void {
  app.openAPIRegistry.registerPath(AUTHENTICATE_DOC);

  app.use("/authenticate", async (c, next) => {
    const started = deps.now();
    await next();
    const event = c.get("event");
    const outcome = event["outcome"] ?? event["code"];
    if (typeof outcome === "string") {
      deps.metrics.authenticated(outcome, (deps.now() - started) / 1000);
    }
  });

  app.post("/authenticate", async (c) => {
    const started = deps.now();
    const clientGone = c.req.raw.signal;
    try {
      const answer = await authenticate(c.req.raw, c.get("requestId"), deps);
      const event = c.get("event");
      event["outcome"] = answer.matched ? "matched" : "not_matched";
      event["worker_ms"] = answer.duration_ms;
      return c.json({ ...answer, duration_ms: roundMs(deps.now() - started) });
    } catch (error) {
      const answerable = error instanceof Problem || !clientGone.aborted;
      // Amid a body the signal stays silent. Who is still there, and sent chunks that are none,
      // gets an answer all the same.
      if (!answerable || error instanceof BodyEndedEarly) c.get("event")["outcome"] = "client_gone";
      if (answerable) throw error;
      return new Response(null, { status: CLIENT_GONE_STATUS });
    }
  });
  refuseOtherMethods(app, "/authenticate", "POST");
}

async function authenticate(
  request: Request,
  requestId: string,
  deps: AuthenticateDeps,
): Promise<AuthenticateAnswer> {
  const { limits, admission } = deps;
  using deadline = startDeadline(limits.requestTimeoutMs);
  const signal = AbortSignal.any([request.signal, deadline.signal]);
  using admitted = admission.admit(expectedBytes(request, limits.maxImageBytes));
  const probe = await readProbe(request, {
    maxImageBytes: limits.maxImageBytes,
    // Whichever is up first, a body that is late is the client's fault.
    bodyTimeoutMs: Math.min(limits.bodyTimeoutMs, limits.requestTimeoutMs),
    signal: request.signal,
    arrived: admitted.arrived,
  });
  return await askWorker(probe, requestId, deps, { ...deadline, signal });
}

/** What the body will bring, as far as its headers tell. One that is too large is not read. */
function expectedBytes(request: Request, maxImageBytes: number): number {
  const max = maxBodyBytes(request.headers.get("Content-Type") ?? "", maxImageBytes);
  return Math.min(declaredLength(request) ?? 0, max);
}

/** The moment at which a request is over, whatever it waits for. */
interface Deadline {
  readonly signal: AbortSignal;
  readonly problem: Problem;
}

function startDeadline(timeoutMs: number): Deadline & Disposable {
  const problem = new Problem("deadline_exceeded", `There was no answer within ${timeoutMs} ms`);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(problem), timeoutMs);
  return { signal: controller.signal, problem, [Symbol.dispose]: () => clearTimeout(timer) };
}

async function askWorker(
  probe: Probe,
  requestId: string,
  { pool, workers }: AuthenticateDeps,
  deadline: Deadline,
): Promise<AuthenticateAnswer> {
  for (let unreached = 0;;) {
    await using lease = await claim(pool, deadline);
    const result = await workers.authenticate(lease.worker, probe, requestId, deadline.signal);
    switch (result.kind) {
      case "answer":
        lease.keep();
        return result.answer;
      case "refusal":
        lease.keep();
        throw result.problem;
      case "used":
        // Started to serve fewer than this api would have it: an upgrade. The deadline bounds it.
        continue;
      case "unreached":
        if (++unreached < MAX_ATTEMPTS) continue;
        throw workerFailed(result.cause);
      case "failed":
        throw workerFailed(result.cause);
    }
  }
}

async function claim(pool: WorkerPool, deadline: Deadline): Promise<WorkerLease> {
  try {
    return await pool.claim(deadline.signal);
  } catch (error) {
    // The request's time went by in the queue: there was no worker, none was slow.
    if (error === deadline.problem) throw pool.refusal("No worker came free in time");
    throw error;
  }
}

function workerFailed(cause: unknown): Problem {
  return new Problem("worker_failed", "The worker failed before it answered", { cause });
}
