/** Describes `POST /authenticate` in /openapi.json. */

import type { RouteConfig } from "@hono/zod-openapi";
import {
  AuthenticateAnswerSchema,
  AuthenticateJsonSchema,
  AuthenticateQuerySchema,
} from "../../../shared/contract/contract.ts";
import {
  INTERNAL_CODES,
  PROBLEM_CODES,
  type ProblemCode,
} from "../../../shared/contract/problem.ts";
import { MAX_USER_TEXT_LENGTH, NO_CONTROL_CHARACTERS } from "../../../shared/contract/user_text.ts";
import { TAGS } from "../openapi.ts";
import { pictureBody } from "../picture_body.ts";
import { problemResponses } from "../problem_responses.ts";

/** Codes that a client of this path never gets. */
const NEVER: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  "not_found",
  "user_not_found",
  "too_many_templates",
  "consent_required",
  "user_exists",
  "not_the_same_person",
  "belongs_to_another_user",
  ...INTERNAL_CODES,
]);

const TEXT = {
  type: "string",
  minLength: 1,
  maxLength: MAX_USER_TEXT_LENGTH,
  pattern: NO_CONTROL_CHARACTERS.source,
} as const;

/** Description of the route. */
export const AUTHENTICATE_DOC: RouteConfig = {
  method: "post",
  path: "/authenticate",
  operationId: "authenticate",
  tags: [TAGS.recognition.name],
  summary: "Tell whose face is in a picture",
  description:
    "Searches the gallery (1:N). With user_id, compares the face only with that user (1:1).",
  request: {
    query: AuthenticateQuerySchema,
    body: pictureBody(AuthenticateJsonSchema, { user_id: TEXT, client_ref: TEXT }),
  },
  responses: {
    200: {
      description: "The face that was found, and its user if there is a match",
      content: { "application/json": { schema: AuthenticateAnswerSchema } },
    },
    ...problemResponses(PROBLEM_CODES.filter((code) => !NEVER.has(code))),
  },
};
