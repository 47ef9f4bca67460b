/** `GET /health` and `GET /ready`. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { StatusSchema } from "../../shared/contract/contract.ts";
import { refuseOtherMethods, type ServiceEnv } from "../../shared/http/service.ts";
import type { WorkerPool } from "../pool/pool.ts";

/**
 * Adds both routes. /ready says yes once there has been a worker, and stays with it: an outage
 * behind the api must not take every replica out of its Service at once.
 *
 * @returns drain makes /ready say no from then on
 */
export function addHealth(
  app: OpenAPIHono<ServiceEnv>,
  pool: WorkerPool,
): { drain: () => void } {
  let draining = false;
  const content = { "application/json": { schema: StatusSchema } };

  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/health",
    summary: "Whether the process is alive",
    responses: { 200: { description: "It is", content } },
  });
  app.get("/health", (c) => c.json({ status: "ok" }));
  refuseOtherMethods(app, "/health", "GET, HEAD");

  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/ready",
    summary: "Whether requests should be sent here",
    responses: {
      200: { description: "Yes", content },
      503: { description: "Not yet, or not any more", content },
    },
  });
  app.get("/ready", (c) => {
    const ready = pool.stats().warmed && !draining;
    return c.json({ status: ready ? "ok" : "unavailable" }, ready ? 200 : 503);
  });
  refuseOtherMethods(app, "/ready", "GET, HEAD");

  return {
    drain: () => {
      draining = true;
    },
  };
}
