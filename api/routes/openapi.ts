/** `GET /openapi.json`: generated from the schemas that the service itself uses. */

import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import { PROBLEM_CONTENT_TYPE, ProblemBodySchema } from "../../shared/contract/contract.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import project from "../../deno.json" with { type: "json" };

/** The content of /openapi.json. */
export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** Groups of operations. An operation names its group in `tags`. */
export const TAGS = {
  recognition: { name: "recognition", description: "For applications" },
  operation: { name: "operation", description: "For Kubernetes, load balancers and Prometheus" },
} as const;

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

/** Adds the route and returns the document. Call this after all described routes are added. */
export function addOpenApi(app: OpenAPIHono<ServiceEnv>): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "face-it",
      version: project.version,
      description: "Tells whose face is in a picture",
      license: { name: "MIT", url: "https://spdx.org/licenses/MIT" },
    },
    servers: [{ url: "/", description: "The service that this document comes from" }],
    // Clients need no credentials.
    security: [],
    tags: Object.values(TAGS),
  });
  app.get("/openapi.json", (c) => c.json(document));
  return document;
}
