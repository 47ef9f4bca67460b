/** The routes of users. */

import {
  type GalleryExport,
  type GalleryUser,
  PutUserSchema,
  type UserPage,
  UserPageQuerySchema,
} from "../../shared/contract/users.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { userNotFound } from "../add_template.ts";
import { recordRefusal } from "../audit/record_refusal.ts";
import type { AddCall } from "../calls.ts";
import { change } from "../change.ts";
import type { Gallery } from "../gallery.ts";
import { explainConsent } from "../refuse_consent.ts";
import { refuseCursor } from "../refuse_cursor.ts";
import type { UserFields, UserKey } from "../store/store.ts";
import { userAnswer, userWithTemplates } from "../user_answers.ts";

/** A body with the longest fields, each character escaped, is smaller. */
const JSON_BODY = { mediaType: "application/json", maxBytes: 8 * 1024 };

/** Adds the routes. */
export function addUsers(add: AddCall): void {
  add({
    method: "PUT",
    path: "/users/:user_id",
    purpose: "put_user",
    body: JSON_BODY,
  }, async (c, { gallery, origin, claims, userId, body, signal }) => {
    const { collection, only_new: onlyNew = false, may_shorten: mayShorten = false } = claims;
    const options = { onlyNew, keepsExpiry: !mayShorten, origin };
    const fields = parseFields(body, gallery.clock());
    const { created, user, shortens } = await change(
      gallery,
      () => gallery.store.putUser({ collection, userId }, fields, options),
      signal,
    ).catch((error) =>
      recordRefusal(
        gallery,
        { ...origin, collection, userId, kind: "user" },
        explainConsent(error),
      )
    );
    // An early expiry is a deletion: somebody else's face could then get the user_id.
    if (shortens) {
      throw new Problem("forbidden_scope", "The caller may not let the user expire earlier");
    }
    if (onlyNew && !created) throw new Problem("user_exists", "There is a user with this user_id");
    return c.json(userAnswer(user), created ? 201 : 200);
  });

  add({
    method: "GET",
    path: "/users/:user_id",
    purpose: "get_user",
  }, async (c, { gallery, claims: { collection }, userId }) => {
    return c.json(await readUser(gallery, { collection, userId }));
  });

  add({
    method: "GET",
    path: "/users/:user_id/export",
    purpose: "export_user",
  }, async (c, { gallery, origin, claims: { collection }, userId }) => {
    const event = { ...origin, collection, userId, kind: "export" } as const;
    const user = await readUser(gallery, { collection, userId }).catch(
      (error) => recordRefusal(gallery, event, error),
    );
    await gallery.store.record({ ...event, outcome: "exported" });
    const answer: GalleryExport = { collection, ...user };
    return c.json(answer);
  });

  add({
    method: "GET",
    path: "/users",
    purpose: "list_users",
    query: UserPageQuerySchema,
  }, async (c, { gallery, claims: { collection } }) => {
    const query = UserPageQuerySchema.safeParse(Object.fromEntries(c.get("query")));
    if (!query.success) {
      throw new Problem("invalid_request", `The query is not valid: ${issuesOf(query.error)}`);
    }
    const { limit, cursor } = query.data;
    const page = { limit, ...(cursor !== undefined && { cursor }) };
    const { items, next } = await gallery.store.listUsers(collection, page).catch(refuseCursor);
    const answer: UserPage = { users: items.map(userAnswer), next_cursor: next ?? null };
    return c.json(answer);
  });

  add({
    method: "DELETE",
    path: "/users/:user_id",
    purpose: "delete_user",
    frees: async ({ gallery, claims: { collection }, userId }) =>
      await gallery.store.getUser({ collection, userId }) !== undefined,
  }, async (c, { gallery, origin, claims: { collection }, userId, signal }) => {
    await change(gallery, () => gallery.store.deleteUser({ collection, userId }, origin), signal);
    return c.body(null, 204);
  });
}

function parseFields(body: Uint8Array, nowMs: number): UserFields {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new Problem("invalid_request", "The body is not JSON in UTF-8");
  }
  const parsed = PutUserSchema.safeParse(json);
  if (!parsed.success) {
    throw new Problem("invalid_request", `The user is not valid: ${issuesOf(parsed.error)}`);
  }
  const { name, consent_ref: consentRef, expires_at } = parsed.data;
  const expiresAt = expires_at === undefined ? undefined : Date.parse(expires_at);
  if (expiresAt !== undefined && !(expiresAt > nowMs)) {
    throw new Problem(
      "invalid_request",
      "The user is not valid: expires_at: must be in the future",
    );
  }
  return {
    name,
    ...(consentRef !== undefined && { consentRef }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Returns the names of the wrong fields with the reasons. It quotes nothing that was sent. */
function issuesOf({ issues }: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  return issues.slice(0, 3).map(({ path, message }) =>
    path.length === 0 ? "unknown or missing field" : `${path.join(".")}: ${message}`
  ).join("; ");
}

/** @throws {Problem} `user_not_found` */
async function readUser({ store }: Gallery, key: UserKey): Promise<GalleryUser> {
  const user = await store.getUser(key);
  const templates = await store.listTemplates(key);
  if (user === undefined || templates === undefined) throw userNotFound();
  return userWithTemplates(user, templates, await store.isLocked(key));
}
