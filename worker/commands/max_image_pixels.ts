/**
 * Reads only the setting MAX_IMAGE_PIXELS, for commands that use no other setting of the worker.
 */

import { z } from "zod";
import { AGREED_ENV } from "../../shared/contract/service_env.ts";
import { type Environment, parseEnv } from "../../shared/env.ts";

const Schema = z.object({ MAX_IMAGE_PIXELS: AGREED_ENV.MAX_IMAGE_PIXELS });

/**
 * Returns the largest width times height of a picture.
 *
 * @throws {ConfigError} when MAX_IMAGE_PIXELS is not a number within its bounds
 */
export function readMaxImagePixels(env: Environment): number {
  return parseEnv(Schema, env).MAX_IMAGE_PIXELS;
}
