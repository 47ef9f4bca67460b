/** Reads the user_id and the template_id in a path. */

import { UserIdSchema } from "../../../shared/contract/contract.ts";
import { Problem } from "../../../shared/contract/problem.ts";
import { TemplateSchema } from "../../../shared/contract/users.ts";
import { badUserId } from "../../../shared/http/parse_probe.ts";
import { pathParameter } from "../../../shared/http/path_parameter.ts";

/**
 * Returns the user_id of a path /users/{user_id}…, in NFC.
 *
 * @throws {Problem} `invalid_request`
 */
export function userOfPath(request: Request): string {
  const { data } = UserIdSchema.safeParse(pathParameter(request.url, 1));
  if (data === undefined) throw badUserId();
  return data;
}

/**
 * Returns the template_id of a path /users/{user_id}/templates/{template_id}.
 *
 * @throws {Problem} `invalid_request`
 */
export function templateOfPath(request: Request): string {
  const { data } = TemplateSchema.shape.template_id.safeParse(pathParameter(request.url, 3));
  if (data !== undefined) return data;
  throw new Problem("invalid_request", "The template_id must be the one of an earlier answer");
}
