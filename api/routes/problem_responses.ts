/** Describes the errors of a route in /openapi.json. */

import type { RouteConfig } from "@hono/zod-openapi";
import { PROBLEM_CONTENT_TYPE, ProblemBodySchema } from "../../shared/contract/contract.ts";
import { type ProblemCode, PROBLEMS } from "../../shared/contract/problem.ts";
import { ERROR_HEADERS } from "./openapi.ts";

/** Codes that every route can answer with which needs a key. */
export const CALLER_CODES = [
  "invalid_request",
  "unauthorized",
  "forbidden_scope",
  "forbidden_origin",
  "unknown_host",
  "too_many_requests",
  "issuer_unavailable",
  "internal",
] as const satisfies readonly ProblemCode[];

/** Returns the responses for some codes, one for each status. */
export function problemResponses(codes: readonly ProblemCode[]): RouteConfig["responses"] {
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code].status);
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, {
    description: codes.join(", "),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: ProblemBodySchema } },
    ...(ERROR_HEADERS[status] && { headers: ERROR_HEADERS[status] }),
  }]));
}
