/** The routes of users: `PUT`, `GET` and `DELETE /users/{user_id}`, `GET /users`, the unlocking and the export. */

import type { OpenAPIHono } from "@hono/zod-openapi";
import { Problem } from "../../../shared/contract/problem.ts";
import { MAX_PAGE_USERS, UserPageQuerySchema } from "../../../shared/contract/users.ts";
import { takes } from "../../../shared/http/route_input.ts";
import type { ServiceEnv } from "../../../shared/http/service.ts";
import { allows, assertScope, callerOf } from "../../callers/check_scopes.ts";
import { galleryCaller, requireGallery } from "../../gallery/gallery_caller.ts";
import type { GalleryClient } from "../../gallery/gallery_client.ts";
import {
  DELETE_USER,
  EXPORT_USER,
  GET_USER,
  LIST_USERS,
  PUT_USER,
  UNLOCK_USER,
} from "./openapi.ts";
import { readPutUser } from "./read_put_user.ts";
import { userOfPath } from "./user_of_path.ts";

/** Dependencies of {@linkcode addUsers}. */
export interface UsersDeps {
  /** undefined: the workers hold the gallery. */
  readonly gallery: GalleryClient | undefined;
  /** Milliseconds that a body may take to arrive. */
  readonly bodyTimeoutMs: number;
}

/** Adds the routes and their descriptions. */
export function addUsers(app: OpenAPIHono<ServiceEnv>, deps: UsersDeps): void {
  const one = "/users/:user_id";
  for (const route of [PUT_USER, GET_USER, DELETE_USER, UNLOCK_USER, LIST_USERS, EXPORT_USER]) {
    app.openAPIRegistry.registerPath(route);
  }

  app.put(one, allows(["enrol", "admin"]), takes({ body: true }), async (c) => {
    const gallery = requireGallery(deps.gallery);
    const request = c.req.raw;
    const userId = userOfPath(request);
    const onlyNew = readOnlyNew(request.headers);
    const fields = await readPutUser(request, deps.bodyTimeoutMs);
    const caller = galleryCaller(c, request.signal);
    const mayShorten = callerOf(c).scopes.has("admin");
    const { created, value } = await gallery.putUser(caller, userId, fields, {
      onlyNew,
      mayShorten,
    })
      .catch((error) => {
        // With the header that every refusal of a scope has.
        if (error instanceof Problem && error.code === "forbidden_scope") assertScope(c, "admin");
        throw error;
      });
    return c.json(value, created ? 201 : 200);
  });

  app.get(one, allows(["admin"]), async (c) => {
    const gallery = requireGallery(deps.gallery);
    const userId = userOfPath(c.req.raw);
    return c.json(await gallery.getUser(galleryCaller(c, c.req.raw.signal), userId));
  });

  app.delete(one, allows(["admin"]), async (c) => {
    const gallery = requireGallery(deps.gallery);
    await gallery.deleteUser(galleryCaller(c, c.req.raw.signal), userOfPath(c.req.raw));
    return c.body(null, 204);
  });

  app.post(`${one}/unlock`, allows(["admin"]), async (c) => {
    const gallery = requireGallery(deps.gallery);
    await gallery.unlockUser(galleryCaller(c, c.req.raw.signal), userOfPath(c.req.raw));
    return c.body(null, 204);
  });

  app.get("/users", allows(["admin"]), takes({ query: UserPageQuerySchema }), async (c) => {
    const gallery = requireGallery(deps.gallery);
    const page = readPage(c.get("query"));
    return c.json(await gallery.listUsers(galleryCaller(c, c.req.raw.signal), page));
  });

  app.get(`${one}/export`, allows(["admin"]), async (c) => {
    const gallery = requireGallery(deps.gallery);
    const userId = userOfPath(c.req.raw);
    return c.json(await gallery.exportUser(galleryCaller(c, c.req.raw.signal), userId));
  });
}

/**
 * Returns true when the request may only create a user.
 *
 * @throws {Problem} `invalid_request` for the tag of a version: users have none
 */
function readOnlyNew(headers: Headers): boolean {
  const condition = headers.get("If-None-Match");
  if (condition === null || condition === "*") return condition !== null;
  throw new Problem("invalid_request", "If-None-Match must be *, which creates a user only");
}

/** @throws {Problem} `invalid_request` */
function readPage(query: ReadonlyMap<string, string>) {
  const { data, error } = UserPageQuerySchema.safeParse(Object.fromEntries(query));
  // The schema also accepts numbers in other forms, such as 1e2.
  if (data !== undefined && /^\d+$/.test(query.get("limit") ?? "0")) {
    return { limit: data.limit, cursor: data.cursor };
  }
  throw new Problem(
    "invalid_request",
    error?.issues[0]?.path[0] === "cursor"
      ? "The cursor is not one of an earlier page"
      : `limit must be a number from 1 to ${MAX_PAGE_USERS}`,
  );
}
