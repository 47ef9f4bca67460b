/** What the api and the worker have in common as HTTP services. */

import type { Context, Hono } from "hono";
import { PROBLEM_CONTENT_TYPE, type ProblemBody, REQUEST_ID_HEADER } from "../contract/contract.ts";
import { Problem, PROBLEMS } from "../contract/problem.ts";
import { describeError, type Logger } from "../log.ts";

/** Hono's environment: what handlers find in and add to the context. */
export interface ServiceEnv {
  Variables: {
    /** Names the request in answers and logs. */
    requestId: string;
    /** Fields for the request's one line in the log. */
    event: Record<string, unknown>;
  };
}

/** What {@linkcode installService} needs from outside. */
export interface ServiceDeps {
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly newRequestId: () => string;
}

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** Paths that are asked for every few seconds; their lines appear at debug level only. */
const PROBES = new Set(["/health", "/ready", "/metrics"]);

/**
 * Gives an app its request ids, its one log line a request, its problem bodies and its 404. To be
 * called before any route is added.
 */
export function installService(app: Hono<ServiceEnv>, deps: ServiceDeps): void {
  const { log, now, newRequestId } = deps;

  app.use(async (c, next) => {
    const started = now();
    const given = c.req.header(REQUEST_ID_HEADER);
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : newRequestId();
    const event: Record<string, unknown> = {};
    c.set("requestId", requestId);
    c.set("event", event);
    await next();
    c.res.headers.set(REQUEST_ID_HEADER, requestId);
    c.res.headers.set("Cache-Control", "no-store");
    c.res.headers.set("X-Content-Type-Options", "nosniff");
    const line = {
      request_id: requestId,
      method: c.req.method,
      path: c.req.path.slice(0, 100),
      status: c.res.status,
      duration_ms: roundMs(now() - started),
      ...event,
    };
    if (PROBES.has(c.req.path)) log.debug(line, "request");
    else if (c.res.status >= 500) log.warn(line, "request");
    else log.info(line, "request");
  });

  app.use(async (c, next) => {
    // It is part of the address, where it would become a path or a query that nobody asked for.
    if (/[\s/?#@\\]/.test(c.req.header("Host") ?? "")) {
      throw new Problem("invalid_request", "The Host header names no host");
    }
    await next();
  });

  app.onError((error, c) => {
    if (error instanceof Problem) {
      const event = c.get("event");
      event["code"] = error.code;
      if (error.cause !== undefined) event["cause"] = describeError(error.cause);
      return problemResponse(error, c);
    }
    log.error(
      { request_id: c.get("requestId"), error: describeError(error), stack: error.stack },
      "unforeseen error",
    );
    c.get("event")["code"] = "internal";
    return problemResponse(new Problem("internal", "Something unforeseen went wrong"), c);
  });

  app.notFound((c) => {
    c.get("event")["code"] = "not_found";
    return problemResponse(new Problem("not_found", "There is nothing at this path"), c);
  });
}

/** Milliseconds to the tenth: what answers and logs say of a duration. */
export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Answers every method of `path` that has no route yet with 405. To be called after its routes. */
export function refuseOtherMethods(app: Hono<ServiceEnv>, path: string, allow: string): void {
  app.all(path, () => {
    throw new Problem("method_not_allowed", `This path answers ${allow} only`, { allow });
  });
}

/** The RFC 9457 answer of a problem. */
function problemResponse(problem: Problem, c: Context<ServiceEnv>): Response {
  const { status, title } = PROBLEMS[problem.code];
  const body: ProblemBody = {
    type: "about:blank",
    title,
    status,
    detail: problem.message,
    code: problem.code,
    request_id: c.get("requestId"),
  };
  const headers: Record<string, string> = { "Content-Type": PROBLEM_CONTENT_TYPE };
  if (problem.retryAfterSeconds !== undefined) {
    headers["Retry-After"] = String(problem.retryAfterSeconds);
  }
  if (problem.allow !== undefined) headers["Allow"] = problem.allow;
  return c.body(JSON.stringify(body), status, headers);
}
