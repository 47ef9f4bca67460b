/** `GET /openapi.json`: generated from the schemas that the service itself uses. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { refuseOtherMethods, type ServiceEnv } from "../../shared/service.ts";
import project from "../../deno.json" with { type: "json" };

/** Adds the route; to be called after all others. */
export function addOpenApi(app: OpenAPIHono<ServiceEnv>): void {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "face-it",
      version: project.version,
      description: "Tells whose face is in a picture",
      license: { name: "MIT" },
    },
  });
  app.get("/openapi.json", (c) => c.json(document));
  refuseOtherMethods(app, "/openapi.json", "GET, HEAD");
}
