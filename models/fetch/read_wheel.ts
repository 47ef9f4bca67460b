/** Reads single files of a Python wheel. A wheel is a zip file. */

import { inflateRawSync } from "node:zlib";

/** Error for bytes that are not a zip file of the expected form. */
export class WheelError extends Error {
  override readonly name = "WheelError";
}

const END_SIGNATURE = 0x06054b50, ENTRY_SIGNATURE = 0x02014b50, LOCAL_SIGNATURE = 0x04034b50;
const END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30;
const MAX_COMMENT_BYTES = 0xffff;
const STORED = 0, DEFLATED = 8;

/**
 * Reads a file of a wheel.
 *
 * @param wheel Bytes of the wheel
 * @param path Path in the wheel
 * @param maxBytes Largest size of the file
 * @returns The content; undefined when the wheel does not contain the file
 * @throws {WheelError} when the bytes are not a wheel, or when the file is larger or damaged. Also
 * for forms of zip files that wheels do not have: more than 65,534 files, sizes of 4 GiB or more,
 * and encryption
 */
export function readWheelFile(
  wheel: Uint8Array,
  path: string,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | undefined {
  try {
    const view = new DataView(wheel.buffer, wheel.byteOffset, wheel.byteLength);
    const entry = findEntry(view, new TextEncoder().encode(path));
    return entry && readContent(view, entry, maxBytes);
  } catch (cause) {
    if (cause instanceof WheelError) throw cause;
    // DataView throws a RangeError for a position outside of the bytes, and zlib throws for damage.
    throw new WheelError("The wheel is damaged", { cause });
  }
}

interface Entry {
  readonly flags: number;
  readonly method: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly localOffset: number;
}

function findEntry(view: DataView, path: Uint8Array): Entry | undefined {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    expectSignature(view, at, ENTRY_SIGNATURE);
    const nameBytes = view.getUint16(at + 28, true);
    const extraBytes = view.getUint16(at + 30, true), commentBytes = view.getUint16(at + 32, true);
    if (hasBytes(view, at + ENTRY_BYTES, nameBytes, path)) {
      return {
        flags: view.getUint16(at + 8, true),
        method: view.getUint16(at + 10, true),
        packedBytes: view.getUint32(at + 20, true),
        bytes: view.getUint32(at + 24, true),
        localOffset: view.getUint32(at + 42, true),
      };
    }
    at += ENTRY_BYTES + nameBytes + extraBytes + commentBytes;
  }
  return undefined;
}

/** Finds the record at the end of the zip file. A comment may follow it. */
function findEnd(view: DataView): number {
  const last = view.byteLength - END_BYTES, first = Math.max(0, last - MAX_COMMENT_BYTES);
  for (let at = last; at >= first; at--) {
    const isEnd = view.getUint32(at, true) === END_SIGNATURE &&
      at + END_BYTES + view.getUint16(at + 20, true) === view.byteLength;
    if (isEnd) return at;
  }
  throw new WheelError("The file is not a wheel");
}

function readContent(view: DataView, entry: Entry, maxBytes: number): Uint8Array<ArrayBuffer> {
  const { flags, method, packedBytes, bytes, localOffset } = entry;
  if (bytes > maxBytes) throw new WheelError(`The file has ${bytes} bytes instead of ${maxBytes}`);
  if ((flags & 1) !== 0) throw new WheelError("The file is encrypted");
  expectSignature(view, localOffset, LOCAL_SIGNATURE);
  const start = localOffset + LOCAL_BYTES + view.getUint16(localOffset + 26, true) +
    view.getUint16(localOffset + 28, true);
  if (start + packedBytes > view.byteLength) throw new WheelError("The wheel is damaged");
  const packed = new Uint8Array(view.buffer, view.byteOffset + start, packedBytes);
  const content = method === STORED
    ? packed.slice()
    : method === DEFLATED
    ? new Uint8Array(inflateRawSync(packed, { maxOutputLength: Math.max(1, bytes) }))
    : undefined;
  if (content === undefined) throw new WheelError(`The wheel uses the compression ${method}`);
  if (content.length !== bytes) throw new WheelError("The wheel is damaged");
  return content as Uint8Array<ArrayBuffer>;
}

function expectSignature(view: DataView, at: number, signature: number): void {
  if (view.getUint32(at, true) !== signature) throw new WheelError("The wheel is damaged");
}

function hasBytes(view: DataView, at: number, length: number, expected: Uint8Array): boolean {
  return length === expected.length && expected.every((byte, i) => view.getUint8(at + i) === byte);
}
