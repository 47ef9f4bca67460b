/** Makes colour profiles for tests: those of devices, and hostile ones (ICC.1:2022). */

import { deflateSync } from "node:zlib";
import { segment } from "./jpeg.ts";
import { chunk, concatBytes } from "./png.ts";

/** A tag: its name and its content. Tags of the same content share its bytes. */
export type ProfileTag = readonly [name: string, content: Uint8Array];

/** Head of a profile. */
export interface ProfileHead {
  /** `mntr` (a screen) by default. */
  readonly deviceClass?: string;
  /** `RGB ` by default. */
  readonly space?: string;
  /** `XYZ ` by default. */
  readonly connection?: string;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Makes numbers of 32 bits, the first byte first. */
export function u32(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, i) => view.setUint32(i * 4, value));
  return new Uint8Array(view.buffer);
}

const fixed = (...values: number[]): Uint8Array =>
  u32(...values.map((value) => Math.round(value * 65_536)));

/** Makes the content of a tag: its type, four empty bytes, and more. */
export const typed = (type: string, ...content: readonly Uint8Array[]): Uint8Array =>
  concatBytes(text(type), new Uint8Array(4), ...content);

/** Makes a profile of tags. The tags need not be valid. */
export function profileOf(
  tags: readonly ProfileTag[],
  { deviceClass = "mntr", space = "RGB ", connection = "XYZ " }: ProfileHead = {},
): Uint8Array<ArrayBuffer> {
  let size = 132 + 12 * tags.length;
  const starts = new Map<Uint8Array, number>();
  const contents: Uint8Array[] = [];
  for (const [, content] of tags) {
    if (starts.has(content)) continue;
    starts.set(content, size);
    contents.push(content, new Uint8Array(-content.length & 3));
    size += content.length + (-content.length & 3);
  }
  return concatBytes(
    u32(size, 0, 0x04300000),
    text(deviceClass + space + connection),
    new Uint8Array(12),
    text("acsp"),
    new Uint8Array(28),
    fixed(0.9642, 1, 0.8249),
    new Uint8Array(48),
    u32(tags.length),
    ...tags.map(([name, content]) =>
      concatBytes(text(name), u32(starts.get(content)!, content.length))
    ),
    ...contents,
  );
}

const xyz = (...values: number[]): Uint8Array => typed("XYZ ", fixed(...values));

/** Tags of a screen: the white point, the colours, and a curve. Red and green are swapped. */
export function screenTags(curve: Uint8Array = typed("curv", u32(0))): ProfileTag[] {
  return [
    ["wtpt", xyz(0.9642, 1, 0.8249)],
    ["rXYZ", xyz(0.385, 0.717, 0.097)],
    ["gXYZ", xyz(0.436, 0.2225, 0.0139)],
    ["bXYZ", xyz(0.143, 0.06, 0.714)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ];
}

/**
 * Makes a conversion of many elements that all lie in the same bytes: a matrix of three channels
 * (mpet, ICC.1:2022, 10.16).
 */
export function elementChain(elements: number): Uint8Array<ArrayBuffer> {
  const matrix = new DataView(new ArrayBuffer(12 * 4));
  [1, 0, 0, 0, 1, 0, 0, 0, 1].forEach((value, i) => matrix.setFloat32(i * 4, value));
  const three = Uint8Array.of(0, 3, 0, 3);
  const element = typed("matf", three, new Uint8Array(matrix.buffer));
  const positions = new Uint8Array(8 * elements);
  const position = u32(16 + positions.length, element.length);
  for (let i = 0; i < elements; i++) positions.set(position, 8 * i);
  return concatBytes(typed("mpet", three, u32(elements)), positions, element);
}

/** Makes the profile of a screen with a conversion of many elements. */
export function chainProfile(elements: number, name = "D2B0"): Uint8Array<ArrayBuffer> {
  return profileOf([...screenTags(), [name, elementChain(elements)]]);
}

/** Makes the chunk of a PNG that holds a profile. */
export const iccChunk = (profile: Uint8Array): Uint8Array<ArrayBuffer> =>
  chunk("iCCP", concatBytes(text("x\0\0"), deflateSync(profile)));

/** Makes the segments of a JPEG that hold a profile. */
export function iccSegments(profile: Uint8Array): Uint8Array[] {
  const count = Math.ceil(profile.length / 65_000);
  return Array.from({ length: count }, (_, i) =>
    segment(
      0xe2,
      concatBytes(
        text("ICC_PROFILE\0"),
        Uint8Array.of(i + 1, count),
        profile.subarray(i * 65_000, (i + 1) * 65_000),
      ),
    ));
}
