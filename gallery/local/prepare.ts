/**
 * Prepares the data of a gallery service on a laptop. The api preloads this module before
 * `gallery/main.ts`. The service in a cluster does not have it.
 */

import { exitOnConfigError } from "../../shared/exit_on_config_error.ts";
import { ConfigError } from "../../shared/env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { describeError } from "../../shared/log.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { readGalleryConfig } from "../config.ts";
import { StoreUnavailable } from "../store/store.ts";
import { prepareData } from "./prepare_data.ts";

await exitOnConfigError(async () => {
  try {
    const { store, templateKeysPath: templateKeys, requireConsent } = readGalleryConfig(Deno.env);
    // The sample people have given no consent.
    const samples = requireConsent ? undefined : LOCAL_PATHS.gallery;
    await prepareData({ store, templateKeys, samples });
  } catch (error) {
    if (error instanceof GalleryError) throw new ConfigError(`Sample gallery: ${error.message}`);
    if (error instanceof StoreUnavailable) throw new ConfigError(describeError(error));
    throw error;
  }
});
