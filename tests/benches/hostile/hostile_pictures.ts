/** Pictures that cost a decoder much more than they cost their sender. */

import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { chainProfile, iccChunk, iccSegments } from "../../support/colour_profile.ts";
import { exifLoop } from "../../support/exif.ts";
import { emptyJpeg, segment, ultraHdr, withSegments } from "../../support/jpeg.ts";
import { encoded, type Picture, sample } from "../../support/pictures.ts";
import { chunk, concatBytes, pngOf } from "../../support/png.ts";
import { riffChunk, webpOf } from "../../support/webp.ts";

/** A picture, and a name for the report. */
export type NamedPicture = readonly [name: string, Picture];

const PHONE = { width: 8192, height: 6144 };

/** Makes pictures that must be refused before a worker is claimed. */
export async function refusedPictures(): Promise<NamedPicture[]> {
  const person = await sample("user1.png");
  const jpeg = await encoded(sharp(person).removeAlpha().jpeg());
  const colour = { ...PHONE, sampling: [0x11, 0x11, 0x11] };
  const progressive = emptyJpeg({ ...colour, frame: 0xc2 });
  const frame = riffChunk("ANMF", Array(30).fill(0));
  const canvas = riffChunk("VP8X", [2, 0, 0, 0, 7, 0, 0, 7, 0, 0]);
  const exif = concatBytes(new TextEncoder().encode("Exif\0\0"), exifLoop(5000));
  return [
    ["junk with a JPEG's first bytes", concatBytes(jpeg.subarray(0, 12), junk(3000))],
    ["junk with a PNG's first bytes", concatBytes(person.subarray(0, 12), junk(3000))],
    ["JPEG without its last bytes", jpeg.slice(0, -20)],
    ["PNG without its last bytes", person.slice(0, -20)],
    ["JPEG of 10 MB without an end", concatBytes(jpeg.subarray(0, -2), new Uint8Array(10_000_000))],
    ["progressive JPEG of 2,646 scans", emptyJpeg({ ...PHONE, frame: 0xc2, scansOfEach: 2646 })],
    ["JPEG of 2 million segments", withSegments(jpeg, repeated(segment(0xe5), 2_000_000))],
    ["JPEG of 5 million markers in a scan", manyMarkers(0x02)],
    ["JPEG of 5 million empty markers", manyMarkers(0x01)],
    ["PNG of 31 compressed texts of 8 MB", manyTexts(31)],
    ["PNG of 25 megapixels, interlaced and transparent, 16 bits", interlaced()],
    ["EXIF that points to itself", withSegments(jpeg, segment(0xe1, exif))],
    [
      "Ultra HDR, progressive, 50 megapixels",
      ultraHdr(progressive, emptyJpeg({ width: 99, height: 9 })),
    ],
    ["JPEG of one scan for each channel", emptyJpeg({ ...colour, scansOfEach: 1 })],
    ["JPEG of 65,500 x 65,500 pixels", emptyJpeg({ width: 65_500, height: 65_500 })],
    ["PNG of 30,000 x 30,000 pixels", bomb()],
    ["PNG of 800,000 texts", pngOf({ width: 8, height: 8 }, repeated(chunk("tEXt"), 800_000))],
    ["WebP of 150,000 frames", webpOf(canvas, repeated(frame, 150_000))],
  ];
}

/** Makes pictures that only a worker can refuse. */
export async function claimingPictures(): Promise<NamedPicture[]> {
  const wall = sharp({ create: { width: 600, height: 600, channels: 3, background: "gray" } });
  const scans = emptyJpeg({ ...PHONE, frame: 0xc2, sampling: [0x22, 0x11, 0x11], scansOfEach: 10 });
  const chain = chainProfile(30_000);
  const gray = await encoded(wall.clone().jpeg()), small = await encoded(wall.clone().png());
  return [
    ["no face", await encoded(wall.clone().jpeg())],
    [
      "Ultra HDR without a face",
      ultraHdr(await encoded(wall.jpeg()), emptyJpeg({ width: 99, height: 9 })),
    ],
    ["progressive JPEG of 30 scans and 50 megapixels", scans],
    [
      "JPEG of 5 million restart markers",
      concatBytes(manyMarkers(0xd0), Uint8Array.of(0xff, 0xd9)),
    ],
    ["PNG of 4 compressed texts of 8 MB", manyTexts(4)],
    ["PNG whose profile is a chain of 30,000 elements", afterHeader(small, iccChunk(chain))],
    ["JPEG whose profile is a chain of 30,000 elements", withSegments(gray, ...iccSegments(chain))],
  ];
}

/** Makes a progressive JPEG of 10 MB whose scan consists of one marker. It has no end. */
function manyMarkers(code: number): Picture {
  const start = emptyJpeg({ width: 64, height: 64, frame: 0xc2 }).subarray(0, -2);
  return concatBytes(start, repeated(Uint8Array.of(0xff, code), 5_000_000));
}

function manyTexts(count: number): Picture {
  const content = deflateSync(new Uint8Array(7_900_000).fill(65));
  const text = chunk("zTXt", concatBytes(new TextEncoder().encode("x\0\0"), content));
  return pngOf(
    { width: 8, height: 8 },
    repeated(text, count),
    chunk("IDAT", deflateSync(new Uint8Array(25 * 8))),
    chunk("IEND"),
  );
}

/** Makes a PNG that takes 8 bytes a pixel, because it has a transparent colour. */
function interlaced(): Picture {
  const size = { width: 5000, height: 5000, bitDepth: 16 };
  const picture = pngOf(size, chunk("tRNS", new Uint8Array(6)), chunk("IDAT"), chunk("IEND"));
  picture[28] = 1;
  return picture;
}

/** Returns a PNG with a chunk after its header. */
const afterHeader = (png: Picture, chunk: Picture): Picture =>
  concatBytes(png.subarray(0, 33), chunk, png.subarray(33));

const bomb = (): Picture =>
  pngOf({ width: 30_000, height: 30_000 }, chunk("IDAT", new Uint8Array(9)), chunk("IEND"));

/** Returns bytes without a pattern that are the same in every run. */
const junk = (length: number): Picture =>
  Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >> 13);

function repeated(bytes: Uint8Array, times: number): Picture {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}
