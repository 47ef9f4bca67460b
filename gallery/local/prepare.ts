/**
 * Prepares the data of a gallery service on a laptop. The api preloads this module before
 * `gallery/main.ts`. The service in a cluster does not have it.
 */

import { exitOnConfigError } from "../../shared/exit_on_config_error.ts";
import { ConfigError } from "../../shared/env.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { describeError } from "../../shared/log.ts";
import { GalleryError } from "../../worker/gallery/gallery_entry.ts";
import { StoreUnavailable } from "../store/store.ts";
import { prepareData } from "./prepare_data.ts";

await exitOnConfigError(async () => {
  try {
    await prepareData({
      store: Deno.env.get("GALLERY_STORE")!,
      templateKeys: Deno.env.get("TEMPLATE_KEYS_PATH")!,
      samples: LOCAL_PATHS.gallery,
    });
  } catch (error) {
    if (error instanceof GalleryError) throw new ConfigError(`Sample gallery: ${error.message}`);
    if (error instanceof StoreUnavailable) throw new ConfigError(describeError(error));
    throw error;
  }
});
