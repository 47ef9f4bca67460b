/** Reads a service's settings from environment variables, once, at the start. */

import type { z } from "zod";

/** Source of variables: `Deno.env`, or a map in tests. */
export interface Environment {
  /** Returns the value of a variable, undefined when it is not set. */
  get(name: string): string | undefined;
}

/** Error for a variable that is missing or bad. Its message is one line that names the variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the variables of `schema` and ignores all others. An empty variable counts as missing.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { z } from "zod";
 * import { ConfigError, parseEnv } from "./env.ts";
 * import { integer } from "./setting.ts";
 *
 * const Schema = z.object({ PORT: integer(0, 65_535).default(8080) });
 * assertEquals(parseEnv(Schema, new Map()), { PORT: 8080 });
 * assertEquals(parseEnv(Schema, new Map([["PORT", "80"]])), { PORT: 80 });
 * assertThrows(() => parseEnv(Schema, new Map([["PORT", "http"]])), ConfigError, "PORT: must be");
 * ```
 *
 * @throws {ConfigError} with the name of each missing or bad variable and the reason, but without
 * the value: it may be a secret
 */
export function parseEnv<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Environment,
): Readonly<z.infer<z.ZodObject<Shape>>> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env.get(name);
    if (value !== undefined && value !== "") values[name] = value;
  }
  const result = schema.safeParse(values);
  if (!result.success) {
    const problems = result.error.issues.map((issue) =>
      `${issue.path.join(".")}: ${issue.message}`
    );
    throw new ConfigError(`Bad environment: ${problems.join("; ")}`);
  }
  return Object.freeze(result.data);
}
