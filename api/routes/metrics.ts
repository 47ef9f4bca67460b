/** `GET /metrics`. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { allows } from "../callers/check_scopes.ts";
import type { ApiMetrics } from "../metrics.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { BAD_CALLER_RESPONSES, TAGS } from "./openapi.ts";

/** Adds the route. */
export function addMetrics(app: OpenAPIHono<ServiceEnv>, metrics: ApiMetrics): void {
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/metrics",
    operationId: "getMetrics",
    tags: [TAGS.operation.name],
    summary: "Get the metrics for Prometheus",
    responses: {
      200: {
        description: "The Prometheus text format",
        content: { "text/plain": { schema: { type: "string" } } },
      },
      ...BAD_CALLER_RESPONSES,
    },
  });
  app.get(
    "/metrics",
    allows("everybody"),
    async (c) => c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
}
