/** `GET /audit`: what callers have done to the users of a collection. */

import type { OpenAPIHono, RouteConfig } from "@hono/zod-openapi";
import {
  type AuditPageQuery,
  AuditPageQuerySchema,
  AuditPageSchema,
  MAX_PAGE_EVENTS,
} from "../../../shared/contract/audit.ts";
import { Problem } from "../../../shared/contract/problem.ts";
import { takes } from "../../../shared/http/route_input.ts";
import type { ServiceEnv } from "../../../shared/http/service.ts";
import { allows } from "../../callers/check_scopes.ts";
import { galleryCaller, requireGallery } from "../../gallery/gallery_caller.ts";
import type { GalleryClient } from "../../gallery/gallery_client.ts";
import { TAGS } from "../openapi.ts";
import { CALLER_CODES, problemResponses } from "../problem_responses.ts";

const READ_AUDIT: RouteConfig = {
  method: "get",
  path: "/audit",
  operationId: "readAudit",
  tags: [TAGS.users.name],
  summary: "List what happened to the users of a collection, the newest event first",
  request: { query: AuditPageQuerySchema },
  responses: {
    200: {
      description: "A page of events",
      content: { "application/json": { schema: AuditPageSchema } },
    },
    ...problemResponses([...CALLER_CODES, "gallery_is_static", "gallery_unavailable"]),
  },
};

/** Advice for each parameter. */
const ADVICE: Readonly<Record<string, string>> = {
  user_id: "user_id must be a text of 1 to 256 characters, without control characters",
  kind: "kind must be one of the kinds of events",
  key: "key must be the id of a key",
  from: "from must be a time in UTC, such as 2027-01-31T12:00:00Z",
  to: "to must be a time in UTC, such as 2027-01-31T12:00:00Z",
  limit: `limit must be a number from 1 to ${MAX_PAGE_EVENTS}`,
  cursor: "The cursor is not one of an earlier page",
};

/**
 * Adds the route and its description.
 *
 * @param service undefined: the workers hold the gallery
 */
export function addAudit(app: OpenAPIHono<ServiceEnv>, service: GalleryClient | undefined): void {
  app.openAPIRegistry.registerPath(READ_AUDIT);
  app.get("/audit", allows(["audit"]), takes({ query: AuditPageQuerySchema }), async (c) => {
    const gallery = requireGallery(service);
    const query = readQuery(c.get("query"));
    return c.json(await gallery.readAudit(galleryCaller(c, c.req.raw.signal), query));
  });
}

/** @throws {Problem} `invalid_request` */
function readQuery(query: ReadonlyMap<string, string>): AuditPageQuery {
  const { data, error } = AuditPageQuerySchema.safeParse(Object.fromEntries(query));
  // The schema also accepts numbers in other forms, such as 1e2.
  if (data !== undefined && /^\d+$/.test(query.get("limit") ?? "0")) return data;
  throw new Problem(
    "invalid_request",
    ADVICE[String(error?.issues[0]?.path[0])] ?? ADVICE["limit"]!,
  );
}
