/** Fetches files of a published npm package into a folder, if they are missing there. */

import type { PackageFile, PackageSource } from "../manifest.ts";
import { fetchFiles, type FetchFilesOptions } from "./fetch_files.ts";
import type { ReadPackageOptions } from "./read_package.ts";

/** Settings of {@linkcode fetchPackageFiles}. */
export interface FetchPackageOptions extends ReadPackageOptions, FetchFilesOptions {}

/**
 * Fetches, prepares and writes each file that is missing in the folder or has a wrong sha256 there.
 * Uses the network only when a file must be fetched.
 *
 * @returns The files that were written
 * @throws {FetchError} in the same cases as readPackageFiles and {@linkcode fetchFiles}
 * @throws {Deno.errors} when the folder cannot be read or written
 */
export function fetchPackageFiles<File extends PackageFile>(
  source: PackageSource,
  files: readonly File[],
  options: FetchPackageOptions,
): Promise<File[]> {
  return fetchFiles(files, options, async (missing) => {
    const { readPackageFiles } = await import("./read_package.ts");
    return await readPackageFiles(source, missing, options);
  });
}
