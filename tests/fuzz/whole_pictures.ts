/** Makes the pictures that the fuzzers damage. */

import { deflateSync } from "node:zlib";
import sharp from "sharp";
import {
  chainProfile,
  iccChunk,
  iccSegments,
  profileOf,
  screenTags,
} from "../support/colour_profile.ts";
import { exifOf } from "../support/exif.ts";
import { emptyJpeg, segment, ultraHdr, withSegments } from "../support/jpeg.ts";
import { encoded, sample } from "../support/pictures.ts";
import { chunk, concatBytes } from "../support/png.ts";

/** Bytes of the signature and the header of a PNG. */
const PNG_HEAD = 33;

/** Makes pictures of a face, one for each kind that the decoders treat differently. */
export async function wholePictures(): Promise<Uint8Array[]> {
  const face = sharp(await sample("user1.png")).resize(160).removeAlpha();
  const frame = await face.clone().png().toBuffer();
  const rotated = face.clone().withMetadata({ orientation: 6 });
  const pictures = [
    face.clone().jpeg(),
    rotated.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }),
    face.clone().toColourspace("cmyk").jpeg({ quality: 60 }),
    face.clone().grayscale().jpeg(),
    face.clone().png(),
    rotated.clone().png({ progressive: true, palette: true }),
    face.clone().resize(80).ensureAlpha(0.5).toColourspace("rgb16").png(),
    face.clone().webp(),
    face.clone().webp({ lossless: true, effort: 0 }),
    rotated.clone().ensureAlpha(0.5).webp({ quality: 60 }),
    sharp([frame, frame], { join: { animated: true } }).webp({ quality: 50 }),
  ];
  const files = await Promise.all(pictures.map(encoded));
  const gainMap = await encoded(face.clone().resize(40).grayscale().jpeg());
  const exif = concatBytes(
    new TextEncoder().encode("Exif\0\0"),
    exifOf([[0x8769, 50], [0x8825, 60], [0xa005, 8]], 8),
  );
  return [
    ...files,
    ultraHdr(files[1]!, gainMap),
    withSegments(files[0]!, segment(0xe1, exif)),
    withSegments(files[0]!, ...iccSegments(chainProfile(20))),
    concatBytes(
      files[4]!.subarray(0, PNG_HEAD),
      iccChunk(profileOf(screenTags())),
      chunk("zTXt", concatBytes(new TextEncoder().encode("x\0\0"), deflateSync(exif))),
      files[4]!.subarray(PNG_HEAD),
    ),
    emptyJpeg({ width: 300, height: 300, sampling: [0x22, 0x11, 0x11], scansOfEach: 3 }),
    emptyJpeg({
      width: 300,
      height: 300,
      frame: 0xc2,
      sampling: [0x44, 0x11, 0x11, 0x44],
      scansOfEach: 2,
    }),
  ];
}
