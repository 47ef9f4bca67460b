/** Makes Python wheels, for tests. */

import { crc32, deflateRawSync } from "node:zlib";
import { sha256 } from "../../shared/sha256.ts";
import type { WheelSource } from "../manifest.ts";

/** Settings of {@linkcode packZip}. */
export interface ZipOptions {
  /** Stores the files instead of compressing them. */
  readonly stored?: boolean;
  readonly comment?: string;
}

/** Packs files into a zip file. */
export function packZip(
  files: Readonly<Record<string, string>>,
  { stored = false, comment = "" }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [], entries: Uint8Array[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = encoder.encode(path), content = encoder.encode(text);
    const packed = stored ? content : new Uint8Array(deflateRawSync(content));
    // Version, flags, compression, time, date, checksum, sizes, lengths of name and extra field.
    const facts = numbers(
      [20, 2],
      [0, 2],
      [stored ? 0 : 8, 2],
      [0, 2],
      [0x21, 2],
      [
        crc32(content),
        4,
      ],
      [packed.length, 4],
      [content.length, 4],
      [name.length, 2],
      [0, 2],
    );
    const local = [numbers([0x04034b50, 4]), facts, name, packed];
    entries.push(
      numbers([0x02014b50, 4], [20, 2]),
      facts,
      // Length of the comment, disk, attributes, place of the file.
      numbers([0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]),
      name,
    );
    parts.push(...local);
    offset += local.reduce((sum, { length }) => sum + length, 0);
  }
  const count = Object.keys(files).length;
  const directory = entries.reduce((sum, { length }) => sum + length, 0);
  const note = encoder.encode(comment);
  const end = numbers([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [directory, 4], [
    offset,
    4,
  ], [note.length, 2]);
  return concatenate([...parts, ...entries, end, note]);
}

/** Packs a wheel of the package `sample` that pip accepts, and describes it as a manifest does. */
export async function packWheel(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly source: WheelSource }> {
  const bytes = packZip({
    ...files,
    "sample-1.0.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: sample\nVersion: 1.0.0\n",
    "sample-1.0.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    "sample-1.0.0.dist-info/RECORD": "",
  });
  const source = {
    package: "sample",
    version: "1.0.0",
    licence: "MIT",
    wheel: "sample-1.0.0-py3-none-any.whl",
    bytes: bytes.length,
    sha256: await sha256(bytes),
  };
  return { bytes, source };
}

/** Returns little-endian numbers, each with its number of bytes. */
function numbers(...list: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  return Uint8Array.from(
    list.flatMap(([value, bytes]) =>
      Array.from({ length: bytes }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff)
    ),
  );
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
