/** Fetches files out of a published package into a folder, once. */

import { join } from "node:path";
import { sha256 } from "../shared/sha256.ts";
import { writeAtomically } from "../shared/write_atomically.ts";
import type { PackageFile, PackageSource } from "./manifest.ts";
import type { ReadPackageOptions } from "./read_package.ts";

/** Settings of {@linkcode fetchPackageFiles}. */
export interface FetchPackageOptions extends ReadPackageOptions {
  /** Where the files go. */
  readonly folder: string;
  /** Is told in one sentence that a file which was there is replaced. */
  readonly warn: (sentence: string) => void;
}

/**
 * Puts each of `files` into the folder under its `file` name, unless it is there already with the
 * right sha256. When all are there the network is not touched. A file appears whole or not at all,
 * and none does unless all that were fetched are right.
 *
 * @returns The files that were fetched
 * @throws {FetchError} as readPackageFiles does; Deno.errors when the folder cannot be written
 */
export async function fetchPackageFiles(
  source: PackageSource,
  files: readonly PackageFile[],
  options: FetchPackageOptions,
): Promise<PackageFile[]> {
  const missing: PackageFile[] = [];
  for (const file of files) {
    const path = join(options.folder, file.file);
    const present = await sha256Of(path);
    if (present === file.sha256) continue;
    if (present !== undefined) {
      options.warn(`${path} is not the file that the manifest describes: it will be replaced`);
    }
    missing.push(file);
  }
  if (missing.length === 0) return missing;
  const { readPackageFiles } = await import("./read_package.ts");
  const contents = await readPackageFiles(source, missing, options);
  for (const { file, path } of missing) {
    await writeAtomically(join(options.folder, file), contents.get(path)!);
  }
  return missing;
}

async function sha256Of(path: string): Promise<string | undefined> {
  try {
    return await sha256(await Deno.readFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
