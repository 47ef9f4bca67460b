/** Describes the routes of users and templates in /openapi.json. */

import type { RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { PictureJsonSchema } from "../../../shared/contract/contract.ts";
import { PICTURE_CODES } from "../../../shared/contract/picture_problem.ts";
import type { ProblemCode } from "../../../shared/contract/problem.ts";
import {
  AddTemplateQuerySchema,
  EnrolledTemplateSchema,
  PutUserSchema,
  TemplateSchema,
  UserExportSchema,
  UserPageQuerySchema,
  UserPageSchema,
  UserPathSchema,
  UserSchema,
  UserWithTemplatesSchema,
} from "../../../shared/contract/users.ts";
import { TAGS } from "../openapi.ts";
import { pictureBody } from "../picture_body.ts";
import { CALLER_CODES, problemResponses } from "../problem_responses.ts";

const USER_PATH = z.strictObject({ user_id: UserPathSchema });
const TEMPLATE_PATH = USER_PATH.extend({ template_id: TemplateSchema.shape.template_id });

/** Codes that every route of users can answer with. */
const COMMON: readonly ProblemCode[] = [
  ...CALLER_CODES,
  "gallery_is_static",
  "gallery_unavailable",
];
/** Codes of a request with a body. */
const BODY: readonly ProblemCode[] = [
  "request_timeout",
  "payload_too_large",
  "unsupported_media_type",
];
/** Codes about a picture. A template is compared with single users, so no match is ambiguous. */
const PICTURE = [...PICTURE_CODES].filter((code) =>
  code !== "ambiguous_match" && !BODY.includes(code)
);

const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { "application/json": { schema } },
});
const errors = (...codes: readonly ProblemCode[]) => problemResponses([...COMMON, ...codes]);
const user = { path: "/users/{user_id}", tags: [TAGS.users.name as string] };

/** `PUT /users/{user_id}`. */
export const PUT_USER: RouteConfig = {
  ...user,
  method: "put",
  operationId: "putUser",
  summary: "Create a user, or replace the fields of a user",
  description:
    "The templates of the user stay. A field that is left out is removed. With If-None-Match: *, " +
    "the request only creates a user.",
  request: {
    params: USER_PATH,
    headers: z.object({
      "If-None-Match": z.literal("*").optional().meta({
        description: "Change nothing when there is a user with this user_id",
      }),
    }),
    body: { required: true, content: { "application/json": { schema: PutUserSchema } } },
  },
  responses: {
    200: json("The user was there before", UserSchema),
    201: json("The user is new", UserSchema),
    ...errors(...BODY, "consent_required", "user_exists"),
  },
};

/** `GET /users/{user_id}`. */
export const GET_USER: RouteConfig = {
  ...user,
  method: "get",
  operationId: "getUser",
  summary: "Get a user with the list of templates",
  request: { params: USER_PATH },
  responses: { 200: json("The user", UserWithTemplatesSchema), ...errors("user_not_found") },
};

/** `DELETE /users/{user_id}`. */
export const DELETE_USER: RouteConfig = {
  ...user,
  method: "delete",
  operationId: "deleteUser",
  summary: "Delete a user with all templates",
  description: "No request that is sent after the answer recognises the user.",
  request: { params: USER_PATH },
  responses: { 204: { description: "There is no such user now" }, ...errors() },
};

/** `POST /users/{user_id}/unlock`. */
export const UNLOCK_USER: RouteConfig = {
  method: "post",
  path: "/users/{user_id}/unlock",
  operationId: "unlockUser",
  tags: [TAGS.users.name],
  summary: "Forget the failed attempts to be recognised as a user",
  request: { params: USER_PATH },
  responses: { 204: { description: "No failed attempts are counted now" }, ...errors() },
};

/** `GET /users`. */
export const LIST_USERS: RouteConfig = {
  method: "get",
  path: "/users",
  operationId: "listUsers",
  tags: [TAGS.users.name],
  summary: "List the users of a collection",
  request: { query: UserPageQuerySchema },
  responses: { 200: json("A page of users, sorted by user_id", UserPageSchema), ...errors() },
};

/** `GET /users/{user_id}/export`. */
export const EXPORT_USER: RouteConfig = {
  method: "get",
  path: "/users/{user_id}/export",
  operationId: "exportUser",
  tags: [TAGS.users.name],
  summary: "Get everything that is stored about a user, without embeddings",
  request: { params: USER_PATH },
  responses: {
    200: json("What is stored about the user", UserExportSchema),
    ...errors("user_not_found"),
  },
};

/** `POST /users/{user_id}/templates`. */
export const ADD_TEMPLATE: RouteConfig = {
  method: "post",
  path: "/users/{user_id}/templates",
  operationId: "addTemplate",
  tags: [TAGS.users.name],
  summary: "Add a template: the face of one picture",
  description:
    "The next request can recognise the user by it. The picture is not stored. The same " +
    "picture makes one template.",
  request: {
    params: USER_PATH,
    query: AddTemplateQuerySchema,
    body: pictureBody(PictureJsonSchema),
  },
  responses: {
    200: json("The user has a template of this picture already", EnrolledTemplateSchema),
    201: json("The template is new", EnrolledTemplateSchema),
    ...errors(
      ...BODY,
      ...PICTURE,
      "user_not_found",
      "not_the_same_person",
      "belongs_to_another_user",
      "too_many_templates",
      "consent_required",
      "too_many_attempts",
      "locked",
      "worker_failed",
      "no_worker_available",
      "deadline_exceeded",
    ),
  },
};

/** `DELETE /users/{user_id}/templates/{template_id}`. */
export const DELETE_TEMPLATE: RouteConfig = {
  method: "delete",
  path: "/users/{user_id}/templates/{template_id}",
  operationId: "deleteTemplate",
  tags: [TAGS.users.name],
  summary: "Delete a template of a user",
  request: { params: TEMPLATE_PATH },
  responses: { 204: { description: "The user has no such template now" }, ...errors() },
};
