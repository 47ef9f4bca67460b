/** Brings files with a known sha256 into a folder, if they are missing there. */

import { join } from "node:path";
import { sha256 } from "../../shared/sha256.ts";
import { writeAtomically } from "../../shared/write_atomically.ts";
import type { PackageFile } from "../manifest.ts";
import { FetchError } from "./fetch_error.ts";

/** Settings of {@linkcode fetchFiles}. */
export interface FetchFilesOptions {
  /** Path of the folder. */
  readonly folder: string;
  /** Called with a sentence about each existing file that will be replaced. */
  readonly warn: (sentence: string) => void;
  /** sha256 of files that are replaced without a warning. */
  readonly replaceable?: readonly string[];
  /** Prepares a fetched file that has a `prepared_sha256`. */
  readonly prepare?: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Reads, prepares and writes each file that is missing in the folder or has a wrong sha256 there.
 * Writes nothing when one of the files is wrong. Each file is written completely or not at all.
 *
 * @param read Returns the content of each missing file by its path in the package. Not called when
 * no file is missing
 * @returns The files that were written
 * @throws {FetchError} when a prepared file does not have the sha256 in the manifest, and any error
 * of `read`
 * @throws {Deno.errors} when the folder cannot be read or written
 */
export async function fetchFiles<File extends PackageFile>(
  files: readonly File[],
  options: FetchFilesOptions,
  read: (missing: readonly File[]) => Promise<ReadonlyMap<string, Uint8Array<ArrayBuffer>>>,
): Promise<File[]> {
  const missing: File[] = [];
  const contents = new Map<File, Uint8Array<ArrayBuffer>>();
  for (const file of files) {
    const path = join(options.folder, file.file);
    const bytes = await readIfPresent(path);
    const present = bytes && await sha256(bytes);
    if (present === (file.prepared_sha256 ?? file.sha256)) continue;
    if (bytes !== undefined && present === file.sha256) {
      contents.set(file, bytes);
      continue;
    }
    if (present !== undefined && !options.replaceable?.includes(present)) {
      options.warn(`${path} is not the file that the manifest describes: it will be replaced`);
    }
    missing.push(file);
  }
  if (missing.length > 0) {
    const fetched = await read(missing);
    for (const file of missing) contents.set(file, new Uint8Array(fetched.get(file.path)!));
  }
  const ready: [File, Uint8Array][] = [];
  for (const [file, bytes] of contents) ready.push([file, await prepareFile(file, bytes, options)]);
  for (const [{ file }, bytes] of ready) await writeAtomically(join(options.folder, file), bytes);
  return ready.map(([file]) => file);
}

async function prepareFile(
  file: PackageFile,
  bytes: Uint8Array<ArrayBuffer>,
  { prepare }: FetchFilesOptions,
): Promise<Uint8Array> {
  if (file.prepared_sha256 === undefined) return bytes;
  const result = await prepare?.(bytes);
  if (result === undefined || await sha256(result) !== file.prepared_sha256) {
    throw new FetchError(
      `The prepared ${file.file} is not the file that the manifest describes`,
    );
  }
  return result;
}

/** Returns the content of a file; undefined when it does not exist. */
export async function readIfPresent(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
