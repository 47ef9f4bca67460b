/** Pictures of one face in the sizes that clients send, made of a sample picture. */

import { fileURLToPath } from "node:url";
import sharp from "sharp";

const SAMPLE = fileURLToPath(new URL("../../../test-data/user1_similar.png", import.meta.url));

/** A JPEG of the sample, `width` by `height` pixels. */
export async function jpegOf(width: number, height: number): Promise<Uint8Array> {
  return await sharp(SAMPLE).resize(width, height, { fit: "cover" }).jpeg({ quality: 90 })
    .toBuffer();
}
