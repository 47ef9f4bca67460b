/** Computes the sha256 of a file without the whole file in memory. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";

/** Bytes that are read at once. */
const PART_BYTES = 1024 * 1024;

/**
 * The text `location` as the first field of something in an ONNX file. Also a tensor can have this
 * name. Source: StringStringEntryProto in onnx.proto.
 */
const LOCATION = "\n\x08location";
/** The tag of `TensorProto.external_data`. The length of the entry stands between it and the text. */
const EXTERNAL_DATA = 0x6a;
/** Most bytes of the tag and the length: no path is longer than 16 KB. */
const MAX_START_BYTES = 3;

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
  const kept = MAX_START_BYTES + LOCATION.length - 1;
  const buffer = Buffer.alloc(kept + PART_BYTES);
  const part = buffer.subarray(kept);
  let namesOtherFile = false;
  for (let size; (size = file.readSync(part)) !== null;) {
    hash.update(part.subarray(0, size));
    namesOtherFile ||= hasOtherFile(buffer.subarray(0, kept + size));
    buffer.copyWithin(0, size, size + kept);
  }
  return { sha256: hash.digest("hex"), version, namesOtherFile };
}

/** True when the bytes have an entry `location` of `external_data`. */
function hasOtherFile(bytes: Buffer): boolean {
  for (let at = MAX_START_BYTES - 1; (at = bytes.indexOf(LOCATION, at + 1, "latin1")) >= 0;) {
    const [first, second, last] = bytes.subarray(at - MAX_START_BYTES, at);
    // Only the last byte of a length is below 0x80.
    if (last! >= 0x80) continue;
    if (second === EXTERNAL_DATA || (first === EXTERNAL_DATA && second! >= 0x80)) return true;
  }
  return false;
}

/** Returns a text that changes when somebody changes the file. */
export const versionOf = ({ ino, size, mtime, ctime }: Deno.FileInfo): string =>
  [ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
