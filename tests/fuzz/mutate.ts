/** Damages files in ways that can crash decoders. The same seed always does the same damage. */

import { crc32 } from "node:zlib";
import { concatBytes } from "../support/png.ts";
import { seededRandom } from "../support/seeded_random.ts";

/** Returns a random integer from 0 to `bound` - 1. */
type Chance = (bound: number) => number;

const pick = <T>(chance: Chance, choices: readonly T[]): T => choices[chance(choices.length)]!;

type Mutation = (bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]) => Uint8Array;

/** Smallest and largest numbers that fields can hold. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff];
/** Number of bytes at the start of a file that matter most to a decoder. */
const HEADER_BYTES = 700;

const anywhere = (bytes: Uint8Array, chance: Chance): number =>
  chance(chance(2) === 0 ? bytes.length : Math.min(bytes.length, HEADER_BYTES));

const MUTATIONS: readonly Mutation[] = [
  function flipBits(bytes, chance) {
    for (let i = chance(20); i >= 0; i--) bytes[anywhere(bytes, chance)]! ^= 1 << chance(8);
    return bytes;
  },
  function writeEdge(bytes, chance) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const width = pick(chance, [1, 2, 4]);
    if (bytes.length < width) return bytes;
    const at = Math.min(anywhere(bytes, chance), bytes.length - width), value = pick(chance, EDGES);
    if (width === 1) view.setUint8(at, value);
    else if (width === 2) view.setUint16(at, value, chance(2) === 0);
    else view.setUint32(at, value, chance(2) === 0);
    return bytes;
  },
  function truncate(bytes, chance) {
    return bytes.subarray(0, anywhere(bytes, chance));
  },
  function removePart(bytes, chance) {
    const from = anywhere(bytes, chance), to = Math.min(from + chance(300), bytes.length);
    return concatBytes(bytes.subarray(0, from), bytes.subarray(to));
  },
  function repeatPart(bytes, chance) {
    const from = anywhere(bytes, chance), to = Math.min(from + chance(2000), bytes.length);
    return concatBytes(bytes.subarray(0, to), bytes.subarray(from));
  },
  function splice(bytes, chance, others) {
    const other = pick(chance, others);
    const from = anywhere(other, chance), part = other.subarray(from, from + chance(2000));
    const at = anywhere(bytes, chance);
    return concatBytes(bytes.subarray(0, at), part, bytes.subarray(at + chance(2) * part.length));
  },
  function multiplySegment(bytes, chance) {
    const parts = lengthFields(bytes);
    const from = pick(
      chance,
      parts.map(({ at, width }) => width === 4 && bytes[0] === 0x89 ? at : at - width),
    );
    const to = parts.map(({ at, width }) => bytes[0] === 0x89 ? at : at - width)
      .find((at) => from !== undefined && at > from);
    if (from === undefined || to === undefined) return bytes;
    const part = bytes.subarray(from, to);
    const times = Math.min(chance(5000), Math.floor(1_000_000 / part.length));
    return concatBytes(
      bytes.subarray(0, from),
      ...Array<Uint8Array>(times).fill(part),
      bytes.subarray(from),
    );
  },
  function editLength(bytes, chance) {
    const parts = lengthFields(bytes);
    if (parts.length === 0) return bytes;
    const { at, width, littleEndian } = pick(chance, parts);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const value = width === 2 ? view.getUint16(at) : view.getUint32(at, littleEndian);
    const edited = chance(2) === 0 ? pick(chance, EDGES) : value + chance(9) - 4;
    if (width === 2) view.setUint16(at, edited);
    else view.setUint32(at, edited, littleEndian);
    return bytes;
  },
];

/**
 * Returns a damaged copy of one of the files. Three of four damaged PNGs get correct checksums, so
 * that the decoder does not stop at a wrong checksum.
 */
export function mutate(files: readonly Uint8Array[], seed: number): Uint8Array {
  const random = seededRandom(seed);
  const chance: Chance = (bound) => Math.floor(random() * bound);
  let bytes: Uint8Array = Uint8Array.from(pick(chance, files));
  for (let i = chance(3); i >= 0 && bytes.length > 0; i--) {
    bytes = pick(chance, MUTATIONS)(bytes, chance, files);
  }
  if (chance(4) > 0) correctChecksums(bytes);
  return bytes;
}

interface LengthField {
  readonly at: number;
  readonly width: 2 | 4;
  readonly littleEndian: boolean;
}

/** Finds the fields that contain the lengths of the parts of a file. */
function lengthFields(bytes: Uint8Array): LengthField[] {
  const fields: LengthField[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[0] === 0x89) {
    for (const { at } of pngChunks(bytes)) fields.push({ at, width: 4, littleEndian: false });
  } else if (bytes[0] === 0x52) {
    if (bytes.length >= 8) fields.push({ at: 4, width: 4, littleEndian: true });
    for (let at = 16; at + 4 <= bytes.length;) {
      fields.push({ at, width: 4, littleEndian: true });
      at += 8 + view.getUint32(at, true) + view.getUint32(at, true) % 2;
    }
  } else {
    for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
      fields.push({ at: at + 2, width: 2, littleEndian: false });
      at += 2 + view.getUint16(at + 2);
    }
  }
  return fields;
}

function correctChecksums(bytes: Uint8Array): void {
  if (bytes[0] !== 0x89) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const { at, length } of pngChunks(bytes)) {
    const end = at + 8 + length;
    if (end + 4 <= bytes.length) view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
  }
}

function pngChunks(bytes: Uint8Array): { at: number; length: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: { at: number; length: number }[] = [];
  for (let at = 8; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    chunks.push({ at, length });
    at += 12 + length;
  }
  return chunks;
}
