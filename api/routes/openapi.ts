/** `GET /openapi.json`: generated from the schemas that the service itself uses. */

import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import { allowedBy, allows } from "../callers/check_scopes.ts";
import type { Scope } from "../callers/scopes.ts";
import { PROBLEM_CONTENT_TYPE, ProblemBodySchema } from "../../shared/contract/contract.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import project from "../../deno.json" with { type: "json" };

/** The content of /openapi.json. */
export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** Groups of operations. An operation names its group in `tags`. */
export const TAGS = {
  recognition: { name: "recognition", description: "For applications" },
  users: { name: "users", description: "To enrol people and to forget them" },
  operation: { name: "operation", description: "For Kubernetes, load balancers and Prometheus" },
} as const;

type HeaderDescriptions = Record<string, { description: string; schema: object }>;

const retryAfter = (description: string): HeaderDescriptions => ({
  "Retry-After": { description, schema: { type: "integer", minimum: 1 } },
});

/** Headers of the errors, by their status. */
export const ERROR_HEADERS: Readonly<Record<number, HeaderDescriptions>> = {
  401: {
    "WWW-Authenticate": {
      description: "Bearer: a key is missing or not valid",
      schema: { type: "string" },
    },
  },
  429: retryAfter("Seconds after which a request is accepted again"),
  503: retryAfter(
    "Seconds after which a worker should be free, or the request can be sent again",
  ),
};

/** The error that every path can return. */
export const BAD_HOST_RESPONSE: RouteConfig["responses"] = {
  400: {
    description: "invalid_request: an unknown query parameter, or a bad Host header",
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemBodySchema } },
  },
};

/** The errors that every path can return, except for the health checks. */
export const BAD_CALLER_RESPONSES: RouteConfig["responses"] = {
  ...BAD_HOST_RESPONSE,
  403: {
    description: "forbidden_origin: a page of another web site sent the request",
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemBodySchema } },
  },
  421: {
    description: "unknown_host: the service does not answer under this host name",
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemBodySchema } },
  },
};

const keyProblem = (status: number, description: string): RouteConfig["responses"] => ({
  [status]: {
    description,
    ...(ERROR_HEADERS[status] && { headers: ERROR_HEADERS[status] }),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemBodySchema } },
  },
});

/** The errors of every path that needs a key, apart from those of the path's own work. */
export const BAD_KEY_RESPONSES: RouteConfig["responses"] = {
  ...BAD_CALLER_RESPONSES,
  ...keyProblem(401, "unauthorized: a key is missing, unknown or expired"),
  ...keyProblem(403, "forbidden_scope, or forbidden_origin: a page of another web site called"),
  ...keyProblem(429, "too_many_requests: the key or the client address has sent too many"),
  ...keyProblem(503, "issuer_unavailable: a token cannot be checked now"),
};

/** Name of the way in which callers send their keys. */
const BEARER = "bearer";

/**
 * Adds the route and returns the document. Call this after all described routes are added.
 *
 * @param withoutKey Scopes that no key is needed for
 */
export function addOpenApi(
  app: OpenAPIHono<ServiceEnv>,
  withoutKey: readonly Scope[] = [],
): OpenApiDocument {
  app.openAPIRegistry.registerComponent("securitySchemes", BEARER, {
    type: "http",
    scheme: "bearer",
    description: "An API key, fi_<id>_<secret>",
  });
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "face-it",
      version: project.version,
      description: "Tells whose face is in a picture",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT" },
    },
    servers: [{ url: "/", description: "The service that this document comes from" }],
    // Each operation says who may call it.
    security: [{ [BEARER]: [] }],
    tags: Object.values(TAGS),
  });
  for (const [path, operations] of Object.entries(document.paths ?? {})) {
    for (const [method, operation] of Object.entries(operations as Record<string, Operation>)) {
      operation.security = securityOf(app, method, path, withoutKey);
    }
  }
  app.get("/openapi.json", allows("everybody"), (c) => c.json(document));
  return document;
}

interface Operation {
  security?: Record<string, readonly Scope[]>[];
}

/**
 * Returns the alternatives of a caller: no key (an empty object), or a key with one of the scopes.
 * Without an alternative, everybody may call.
 */
function securityOf(
  app: OpenAPIHono<ServiceEnv>,
  method: string,
  path: string,
  withoutKey: readonly Scope[],
): NonNullable<Operation["security"]> {
  const honoPath = path.replaceAll(/\{(\w+)\}/g, ":$1");
  const allowed = app.routes
    .filter((route) => route.path === honoPath && route.method === method.toUpperCase())
    .map(({ handler }) => allowedBy(handler)).find((allowed) => allowed !== undefined);
  if (allowed === "everybody") return [];
  if (allowed === undefined) return [{ [BEARER]: [] }];
  const keys = allowed.map((scope) => ({ [BEARER]: [scope] }));
  return allowed.some((scope) => withoutKey.includes(scope)) ? [{}, ...keys] : keys;
}
