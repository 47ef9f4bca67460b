/** Generates the lists of environment variables in the permission sets of deno.json. */

import { GenerateError } from "./generate_error.ts";

/** Names of variables by permission set. */
export type EnvPermissions = Readonly<Record<string, readonly string[]>>;

/**
 * Returns deno.json with the lists of variables replaced, and everything else unchanged.
 *
 * @throws {GenerateError} for a permission set that deno.json does not have
 */
export function writeEnvPermissions(denoJson: string, permissions: EnvPermissions): string {
  const config = JSON.parse(denoJson);
  for (const [set, names] of Object.entries(permissions)) {
    const env = config.permissions?.[set]?.env;
    if (env?.allow === undefined) {
      throw new GenerateError(`deno.json has no list permissions.${set}.env.allow`);
    }
    env.allow = [...new Set(names)];
  }
  return `${JSON.stringify(config, null, 2)}\n`;
}
