/** Makes the pictures that the fuzzers damage. */

import sharp from "sharp";
import { sample } from "../support/pictures.ts";

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
  return await Promise.all(
    pictures.map(async (picture) => Uint8Array.from(await picture.toBuffer())),
  );
}
