/**
 * Refuses every input that a route does not declare. `installService` adds the check to the whole
 * app, so a new route takes neither query nor body until it declares them.
 */

import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { z } from "zod";
import { Problem } from "../contract/problem.ts";
import { parseQuery } from "./query.ts";
import type { ServiceEnv } from "./service.ts";

/** Input that a route declares. */
export interface RouteInput {
  /** The parameters of the query. Without it, the route has none. */
  readonly query?: z.ZodObject;
  /** True when the route reads the body. */
  readonly body?: boolean;
}

const declared = new WeakMap<object, RouteInput>();

/**
 * Declares the input of a route. Use it as the first handler of the route. The route finds the
 * parameters in the context, as `query`. The route itself checks their values.
 */
export function takes(input: RouteInput): MiddlewareHandler<ServiceEnv> {
  const handler: MiddlewareHandler<ServiceEnv> = (_c, next) => next();
  declared.set(handler, input);
  return handler;
}

/**
 * Makes the check. A request without a route for its path and method passes: it gets 404 or 405.
 *
 * @throws {Problem} `invalid_request` for input that the route does not declare
 */
export function refuseUndeclaredInput(): MiddlewareHandler<ServiceEnv> {
  return async (c, next) => {
    // Middleware is registered for all methods.
    const routes = matchedRoutes(c).filter(({ method }) => method !== "ALL");
    if (routes.length > 0) {
      const inputs = routes.map(({ handler }) => declared.get(handler));
      const known = inputs.flatMap((input) => Object.keys(input?.query?.shape ?? {}));
      c.set("query", parseQuery(c.req.raw.url, known));
      if (!inputs.some((input) => input?.body) && hasBody(c.req.raw)) {
        throw new Problem("invalid_request", "This path takes no request body");
      }
    }
    await next();
  };
}

/** Returns true when the headers announce a body. Deno hides the body of a GET. */
function hasBody({ headers }: Request): boolean {
  return (headers.get("Content-Length") ?? "0") !== "0" || headers.has("Transfer-Encoding");
}
