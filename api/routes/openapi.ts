/** `GET /openapi.json`: generated from the schemas that the service itself uses. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { refuseOtherMethods, type ServiceEnv } from "../../shared/http/service.ts";
import project from "../../deno.json" with { type: "json" };

/** What /openapi.json says. */
export type OpenApiDocument = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;

/** Adds the route and returns its document; to be called after all that are in the document. */
export function addOpenApi(app: OpenAPIHono<ServiceEnv>): OpenApiDocument {
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
  return document;
}
