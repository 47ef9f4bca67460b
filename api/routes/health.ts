/** `GET /health` and `GET /ready`: the health checks. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { StatusSchema } from "../../shared/contract/contract.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { allows } from "../callers/check_scopes.ts";
import type { GalleryClient } from "../gallery/gallery_client.ts";
import type { WorkerPool } from "../../shared/pool/pool.ts";
import { BAD_HOST_RESPONSE, TAGS } from "./openapi.ts";

/**
 * Adds both routes. After the first worker and the first answer of the gallery service, /ready
 * answers 200 until `drain` is called, even when all of them fail later. Otherwise one failure would
 * remove all replicas from their Service.
 *
 * @param gallery The gallery service; undefined when the workers hold the gallery
 * @returns `drain`, which makes /ready answer 503
 */
export function addHealth(
  app: OpenAPIHono<ServiceEnv>,
  pool: WorkerPool,
  gallery: Pick<GalleryClient, "reached"> | undefined,
): { drain: () => void } {
  let draining = false;
  const content = { "application/json": { schema: StatusSchema } };

  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/health",
    operationId: "getHealth",
    tags: [TAGS.operation.name],
    summary: "Tell if the process is alive",
    responses: { 200: { description: "The process is alive", content }, ...BAD_HOST_RESPONSE },
  });
  app.get("/health", allows("everybody"), (c) => c.json({ status: "ok" }));

  app.openAPIRegistry.registerPath({
    method: "get",
    path: "/ready",
    operationId: "getReadiness",
    tags: [TAGS.operation.name],
    summary: "Tell if this replica takes requests",
    responses: {
      200: { description: "Requests can be sent to this replica", content },
      ...BAD_HOST_RESPONSE,
      503: {
        description: "No worker has been ready yet, the gallery service has not answered yet, or " +
          "the replica is shutting down",
        content,
      },
    },
  });
  app.get("/ready", allows("everybody"), (c) => {
    const ready = pool.stats().warmed && (gallery?.reached ?? true) && !draining;
    return c.json({ status: ready ? "ok" : "unavailable" }, ready ? 200 : 503);
  });

  return {
    drain: () => {
      draining = true;
    },
  };
}
