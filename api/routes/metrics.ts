/** `GET /metrics`. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ApiMetrics } from "../metrics.ts";
import { refuseOtherMethods, type ServiceEnv } from "../../shared/http/service.ts";

/** Adds the route. */
export function addMetrics(app: OpenAPIHono<ServiceEnv>, metrics: ApiMetrics): void {
  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/metrics",
    summary: "Metrics for Prometheus",
    responses: {
      200: {
        description: "The Prometheus text format",
        content: { "text/plain": { schema: { type: "string" } } },
      },
    },
  });
  app.get(
    "/metrics",
    async (c) => c.body(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
  refuseOtherMethods(app, "/metrics", "GET, HEAD");
}
