/** How large a picture may be: MAX_IMAGE_PIXELS, for the worker and for every command. */

import { z } from "zod";
import { type Environment, integer, parseEnv } from "../shared/env.ts";

/** The variable as a field of an environment's schema. */
export const MAX_IMAGE_PIXELS_ENV = {
  MAX_IMAGE_PIXELS: integer(1, 1_000_000_000).default(50_000_000),
};

/**
 * Width times height above which a picture is refused.
 *
 * @throws {ConfigError} when the variable is no such number
 */
export function readMaxImagePixels(env: Environment): number {
  return parseEnv(z.object(MAX_IMAGE_PIXELS_ENV), env).MAX_IMAGE_PIXELS;
}
