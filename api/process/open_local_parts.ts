/** Starts the parts of the service that are processes on this machine. */

import type { ApiConfig, ProcessPoolConfig } from "../config.ts";
import { openLocalGallery } from "../gallery/open_local_gallery.ts";
import type { OpenedGallery } from "../gallery/opened_gallery.ts";
import type { OpenedPool, OpenPoolServices } from "../pool/opened_pool.ts";
import { openProcessPool } from "../pool/process/open_process_pool.ts";
import { openLocalTokenKeys } from "./local_token_keys.ts";

/**
 * Starts the workers and, unless somebody else runs it, the gallery service. All of them get the
 * public halves of the same keys.
 *
 * @param remote The gallery service that somebody else runs
 * @throws {ConfigError} when the keys of calls cannot be read or are bad
 */
export async function openLocalParts(
  config: ApiConfig,
  poolConfig: ProcessPoolConfig,
  services: OpenPoolServices,
  remote: OpenedGallery | undefined,
): Promise<OpenedPool & { readonly gallery: OpenedGallery | undefined }> {
  const keys = await openLocalTokenKeys(poolConfig.tokenKeys);
  const startsGallery = config.gallery.kind === "service" && remote === undefined;
  // The gallery first: it needs more time than a worker.
  const gallery = startsGallery ? openLocalGallery(config, keys, services) : remote;
  return { ...openProcessPool(config, poolConfig, keys, services), gallery };
}
