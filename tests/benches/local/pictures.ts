/** Pictures of one face in the sizes that clients send. */

import sharp from "sharp";
import { encoded, type Picture, sample } from "../../support/pictures.ts";

/** Returns a JPEG of a sample picture, `width` by `height` pixels. */
export async function jpegOf(width: number, height: number): Promise<Picture> {
  const picture = sharp(await sample("user1_similar.png")).resize(width, height, { fit: "cover" });
  return await encoded(picture.jpeg({ quality: 90 }));
}
