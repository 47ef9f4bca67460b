/** Parses the environment once, at start, into an immutable configuration. */

import { z } from "zod";

/** Where variables are looked up: `Deno.env`, or a map in tests. */
export interface Environment {
  get(name: string): string | undefined;
}

/** A variable that is missing, unknown or bad; the one-line message names it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the variables that `schema` names. An empty variable counts as absent.
 *
 * @throws {ConfigError} naming each bad variable and what is wrong with it, never its value (it may
 * be a secret)
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

/** A whole number between two bounds, written in digits. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
}

/** A number above `min` and up to `max`, in decimal notation. */
export function fraction(min: number, max: number): z.ZodType<number, string> {
  return z.string().regex(/^\d*\.?\d+$/, "must be a number")
    .transform(Number)
    .pipe(z.number().gt(min, `must be more than ${min}`).lte(max, `must be at most ${max}`));
}

/** `true` or `false`. */
export const flag: z.ZodType<boolean, string> = z.enum(["true", "false"], {
  error: "must be true or false",
}).transform((value) => value === "true");

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(
  ...words: Words
): z.ZodType<Words[number], string> {
  return z.enum(words, { error: `must be ${words.join(" or ")}` }) as unknown as z.ZodType<
    Words[number],
    string
  >;
}

/** The variables that every service has. */
export const SERVICE_ENV = {
  /** Address to listen on. */
  HOST: z.string().default("0.0.0.0"),
  /** Port to listen on; 0 takes any free one. */
  PORT: integer(0, 65_535).default(8080),
  LOG_LEVEL: choice("debug", "info", "warn", "error", "silent").default("info"),
  /** auto: pretty when standard error is a terminal. */
  LOG_FORMAT: choice("auto", "json", "pretty").default("auto"),
  /** Bytes of a picture above which it is refused. */
  MAX_IMAGE_BYTES: integer(1, 1_000_000_000).default(10 * 1024 * 1024),
  /** A body that has not arrived by then is given up. */
  BODY_TIMEOUT_MS: integer(1, 3_600_000).default(5000),
  /** Requests that a worker serves before it is destroyed. */
  REQUESTS_PER_WORKER: integer(1, 1_000_000).default(1),
} as const;
