/** Finds out on whose behalf the api calls the gallery. */

import type { Context } from "hono";
import { Problem } from "../../shared/contract/problem.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import { callerOf } from "../callers/check_scopes.ts";
import type { GalleryCaller, GalleryClient } from "./gallery_client.ts";

/**
 * Returns the caller of a request, in the collection of its key.
 *
 * @param signal Ends the call to the gallery
 */
export function galleryCaller(c: Context<ServiceEnv>, signal: AbortSignal): GalleryCaller {
  const { collection, id } = callerOf(c);
  return { collection, key: id, requestId: c.get("requestId"), signal };
}

/**
 * Returns the gallery service.
 *
 * @throws {Problem} `gallery_is_static` when the workers hold the gallery
 */
export function requireGallery(gallery: GalleryClient | undefined): GalleryClient {
  if (gallery !== undefined) return gallery;
  throw new Problem(
    "gallery_is_static",
    "The users are in a file that the workers load: nobody can be read or changed here",
  );
}
