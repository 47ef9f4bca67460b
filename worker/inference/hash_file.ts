/** Computes the sha256 of a file without the whole file in memory. */

import { createHash } from "node:crypto";

/** Bytes that are read at once. */
const PART_BYTES = 1024 * 1024;

/** A file that was read. */
export interface HashedFile {
  readonly sha256: string;
  /** Changes when somebody changes the file. */
  readonly version: string;
}

/**
 * Reads a file and computes its sha256, in parts.
 *
 * @param path Path of the file
 */
export async function hashFile(path: string): Promise<HashedFile> {
  using file = await Deno.open(path);
  const version = versionOf(await file.stat());
  // The hash of Web Crypto takes twice the time, and needs the whole file in memory.
  const hash = createHash("sha256");
  const part = new Uint8Array(PART_BYTES);
  for (let size; (size = file.readSync(part)) !== null;) hash.update(part.subarray(0, size));
  return { sha256: hash.digest("hex"), version };
}

/** Returns a text that changes when somebody changes the file. */
export const versionOf = ({ ino, size, mtime }: Deno.FileInfo): string =>
  [ino, size, mtime?.getTime()].join(" ");
