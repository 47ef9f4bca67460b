/** Computes the sha256 of a file without the whole file in memory. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Bytes that are read at once. */
const PART_BYTES = 1024 * 1024;

/**
 * The key of a weight that is in another file, as it is in an ONNX file: an entry `location`.
 * Source: StringStringEntryProto in onnx.proto.
 */
const OTHER_FILE = "\n\x08location";

/** A file that was read. */
export interface HashedFile {
  readonly sha256: string;
  /** Changes when somebody changes the file. */
  readonly version: string;
  /** True for an ONNX file that names another file with weights. */
  readonly namesOtherFile: boolean;
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
  // The end of a part is also the beginning of the next search.
  const kept = OTHER_FILE.length - 1;
  const buffer = Buffer.alloc(kept + PART_BYTES);
  const part = buffer.subarray(kept);
  let namesOtherFile = false;
  for (let size; (size = file.readSync(part)) !== null;) {
    hash.update(part.subarray(0, size));
    namesOtherFile ||= buffer.subarray(0, kept + size).includes(OTHER_FILE, 0, "latin1");
    buffer.copyWithin(0, size, size + kept);
  }
  return { sha256: hash.digest("hex"), version, namesOtherFile };
}

/** Returns a text that changes when somebody changes the file. */
export const versionOf = ({ ino, size, mtime, ctime }: Deno.FileInfo): string =>
  [ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
