/** The parts of an HTTP service that the api, the worker and the gallery service share. */

import type { Context, Hono } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { matchedRoutes } from "hono/route";
import { PROBLEM_CONTENT_TYPE, type ProblemBody, REQUEST_ID_HEADER } from "../contract/contract.ts";
import { Problem, PROBLEMS } from "../contract/problem.ts";
import { refuseUndeclaredInput } from "./route_input.ts";
import { authoritiesOf, parseAuthority } from "./authority.ts";
import { describeError, type Logger, stackOf } from "../log.ts";

/** Hono's environment: the variables that handlers find in the context. */
export interface ServiceEnv {
  Variables: {
    /** Identifies the request in responses and logs. */
    requestId: string;
    /** Fields that handlers add to the request's log line. */
    event: Record<string, unknown>;
    /** The parameters of the query. A request has only those that its route declares. */
    query: ReadonlyMap<string, string>;
  };
}

/** A route of an app. Middleware has the method ALL. */
export interface RegisteredRoute {
  readonly method: string;
  readonly path: string;
}

/** Dependencies of {@linkcode installService}. */
export interface ServiceDeps {
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  readonly newRequestId: () => string;
}

const REQUEST_ID = /^[\w.-]{1,64}$/;

/** The status that nginx logs when a client disconnects. No client reads it. */
const CLIENT_GONE_STATUS = 499;

/** Policy of a response that is no page. The last three do not follow from the first one. */
const DATA_POLICY =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Paths that are polled every few seconds. Their requests are logged at debug level only. */
const POLLED_PATHS = new Set(["/health", "/ready", "/metrics"]);

/**
 * Adds to an app: request ids, one log line for each request, problem bodies, the 404, and the refusal
 * of input that a route does not declare with `takes`. Call this before any route is added.
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
    c.res.headers.set("Cross-Origin-Resource-Policy", "same-origin");
    // A page has its own policy. Everything else is data, which no page may show as a frame.
    if (!c.res.headers.has("Content-Security-Policy")) {
      c.res.headers.set("Content-Security-Policy", DATA_POLICY);
    }
    const line = {
      request_id: requestId,
      method: c.req.method,
      path: loggedPath(c).slice(0, 100),
      status: c.res.status,
      duration_ms: roundMs(now() - started),
      ...event,
    };
    if (POLLED_PATHS.has(c.req.path)) log.debug(line, "request");
    else if (c.res.status >= 500) log.warn(line, "request");
    else log.info(line, "request");
  });

  app.use(async (c, next) => {
    // The Host header becomes a part of the request's URL. It must not add a path or a query to it.
    if (authoritiesOf(c.req.raw).some((text) => parseAuthority(text) === undefined)) {
      throw new Problem("invalid_request", "The Host header is not a host name");
    }
    await next();
  });

  // The Host header was checked before: the first "?" of the URL begins the query.
  app.use(refuseUndeclaredInput());

  app.onError((error, c) => {
    if (error instanceof Problem) {
      const event = c.get("event");
      event["code"] = error.code;
      if (error.cause !== undefined) event["cause"] = describeError(error.cause);
      return problemResponse(error, c);
    }
    if (c.req.raw.signal.aborted) {
      c.get("event")["outcome"] = "client_gone";
      return new Response(null, { status: CLIENT_GONE_STATUS });
    }
    log.error(
      { request_id: c.get("requestId"), error: describeError(error), stack: stackOf(error) },
      "unexpected error",
    );
    c.get("event")["code"] = "internal";
    const detail = "Unexpected error; find this request_id in the log of the service";
    return problemResponse(new Problem("internal", detail), c);
  });

  app.notFound((c) => {
    c.get("event")["code"] = "not_found";
    return problemResponse(new Problem("not_found", "There is nothing at this path"), c);
  });
}

/**
 * Answers 405 with `Allow` when a path has routes, but no route for the request's method. Call this
 * after all other middleware is added: that middleware then sees the 405 instead of a 404.
 */
export function refuseOtherMethods(app: Hono<ServiceEnv>): void {
  app.use(methodNotAllowed({
    app,
    onMethodNotAllowed(_c, methods) {
      const allow = methods.join(", ");
      throw new Problem("method_not_allowed", `This path supports only ${allow}`, { allow });
    },
  }));
}

/** Rounds to a tenth of a millisecond, the precision of durations in answers and logs. */
export function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/**
 * Returns the path for the log. A path can contain the id of a user, so only the pattern of its route
 * is logged. Of a path without a route, only the first part is logged.
 */
function loggedPath(c: Context<ServiceEnv>): string {
  const { path } = c.req;
  const route = matchedRoutes(c).findLast(({ method }) => method !== "ALL");
  if (route !== undefined) return route.path.includes(":") ? route.path : path;
  const end = path.indexOf("/", 1);
  return end < 0 ? path : `${path.slice(0, end)}/…`;
}

/** Returns the RFC 9457 response for a problem. */
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
