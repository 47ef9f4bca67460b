/** `GET /docs`: shows /openapi.json as a page for people. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import type { ServiceEnv } from "../../../shared/http/service.ts";
import type { OpenApiDocument } from "../openapi.ts";
import { addText } from "../page.ts";
import { renderDocs } from "./docs_html.ts";

/** Adds the route. */
export function addDocs(app: OpenAPIHono<ServiceEnv>, document: OpenApiDocument): void {
  addText(app, "/docs", "text/html", renderDocs(document));
}
