/** Makes JPEG files marker by marker for tests: kinds that no encoder writes (ITU-T T.81, annex B). */

import { concatBytes } from "./png.ts";

/** Picture that {@linkcode emptyJpeg} makes. */
export interface EmptyJpeg {
  readonly width: number;
  readonly height: number;
  /** Byte after 0xFF of the frame's marker; 0xC0 (baseline) by default. */
  readonly frame?: number;
  /** Sampling factors of each channel, such as 0x22; one channel of 0x11 by default. */
  readonly sampling?: readonly number[];
  /** Number of scans of each channel. 0 (the default): one scan of all channels together. */
  readonly scansOfEach?: number;
}

/** Start and end of every JPEG. */
const SOI = Uint8Array.of(0xff, 0xd8), EOI = Uint8Array.of(0xff, 0xd9);

/** Makes a segment: a marker, its length and its content. */
export function segment(marker: number, content: Uint8Array | readonly number[] = []) {
  const length = content.length + 2;
  return concatBytes(
    Uint8Array.of(0xff, marker, length >> 8, length & 0xff),
    Uint8Array.from(content),
  );
}

/** Returns a JPEG with more segments directly after its start. */
export const withSegments = (jpeg: Uint8Array, ...segments: readonly Uint8Array[]) =>
  concatBytes(jpeg.subarray(0, 2), ...segments, jpeg.subarray(2));

/**
 * Makes a JPEG of a few hundred bytes whose scans have no data. A decoder takes missing data as
 * gray, and still visits every pixel in every scan.
 */
export function emptyJpeg(options: EmptyJpeg): Uint8Array<ArrayBuffer> {
  const { width, height, frame = 0xc0, sampling = [0x11], scansOfEach = 0 } = options;
  const channels = sampling.map((_, i) => i + 1);
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff];
  const last = frame === 0xc2 || frame === 0xca ? 0 : 63;
  const scan = (ids: readonly number[]) =>
    segment(0xda, [ids.length, ...ids.flatMap((id) => [id, 0]), 0, last, 0]);
  const code = [1, 1, ...Array<number>(14).fill(0), 0, 1];
  return concatBytes(
    SOI,
    segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    segment(frame, [
      8,
      ...size,
      channels.length,
      ...channels.flatMap((id) => [id, sampling[id - 1]!, 0]),
    ]),
    segment(0xc4, [0x00, ...code]),
    segment(0xc4, [0x10, ...code]),
    ...scansOfEach === 0
      ? [scan(channels)]
      : Array.from({ length: scansOfEach }, () => channels.map((id) => scan([id]))).flat(),
    EOI,
  );
}

/**
 * Wraps a JPEG as Ultra HDR: with a gain map after it, and the XMP and MPF segments that name it
 * (Ultra HDR Image Format 1.1).
 *
 * @param gainMap A gray JPEG
 */
export function ultraHdr(jpeg: Uint8Array, gainMap: Uint8Array): Uint8Array<ArrayBuffer> {
  const map = withSegments(
    gainMap,
    xmp(
      'hdrgm:GainMapMin="0" hdrgm:GainMapMax="2" hdrgm:Gamma="1" hdrgm:OffsetSDR="0.015625" ' +
        'hdrgm:OffsetHDR="0.015625" hdrgm:HDRCapacityMin="0" hdrgm:HDRCapacityMax="2" ' +
        'hdrgm:BaseRenditionIsHDR="False"',
    ),
  );
  const item = (fields: string) =>
    `<rdf:li rdf:parseType="Resource"><Container:Item ${fields} Item:Mime="image/jpeg"/></rdf:li>`;
  const directory = xmp(
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" ' +
      'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"',
    `<Container:Directory><rdf:Seq>${item('Item:Semantic="Primary"')}${
      item(`Item:Semantic="GainMap" Item:Length="${map.length}"`)
    }</rdf:Seq></Container:Directory>`,
  );
  const mpfBytes = segment(0xe2, mpf(0, 0, 0)).length;
  const primary = jpeg.length + directory.length + mpfBytes;
  // Offsets count from the byte order mark of the MPF segment.
  const offset = primary - (2 + directory.length + 8);
  const picture = withSegments(jpeg, directory, segment(0xe2, mpf(primary, map.length, offset)));
  return concatBytes(picture, map);
}

function xmp(fields: string, content = ""): Uint8Array {
  const text = "http://ns.adobe.com/xap/1.0/\0" +
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">' +
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
    '<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" ' +
    `${fields}>${content}</rdf:Description></rdf:RDF></x:xmpmeta>`;
  return segment(0xe1, new TextEncoder().encode(text));
}

/** Makes the multi-picture directory of two pictures (CIPA DC-007). */
function mpf(primaryBytes: number, secondBytes: number, secondOffset: number): number[] {
  const u16 = (value: number) => [(value >> 8) & 0xff, value & 0xff];
  const u32 = (value: number) => [...u16(value >>> 16), ...u16(value)];
  const entry = (tag: number, type: number, count: number, value: number[]) => [
    ...[...u16(tag), ...u16(type), ...u32(count), ...value],
  ];
  return [
    ...new TextEncoder().encode("MPF\0MM\0*"),
    ...u32(8),
    ...u16(3),
    ...entry(0xb000, 7, 4, [...new TextEncoder().encode("0100")]),
    ...entry(0xb001, 4, 1, u32(2)),
    ...entry(0xb002, 7, 32, u32(50)),
    ...u32(0),
    ...[...u32(0x030000), ...u32(primaryBytes), ...u32(0), ...u32(0)],
    ...[...u32(0), ...u32(secondBytes), ...u32(secondOffset), ...u32(0)],
  ];
}
