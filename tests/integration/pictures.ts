/** The sample pictures, and others made of them. */

import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { ROOT } from "./service.ts";

/** Encoded bytes, as a request sends them. */
export type Picture = Uint8Array<ArrayBuffer>;

/** The bytes of a sample picture. */
export const sample = (name: string): Promise<Picture> =>
  Deno.readFile(join(ROOT, "test-data", name));

/** A picture without anybody. */
export const gray = (width: number, height: number): Promise<Picture> =>
  encoded(sharp({ create: { width, height, channels: 3, background: "gray" } }).png());

/** user1 in so many pixels that looking for the face takes the better part of a second. */
export async function slowPicture(): Promise<Picture> {
  const small = sharp(await sample("user1_similar.png"));
  return await encoded(small.resize(6500, 7000).jpeg({ quality: 70, progressive: true }));
}

/** What sharp encodes, in a buffer of its own. */
export const encoded = async (picture: Sharp): Promise<Picture> =>
  Uint8Array.from(await picture.toBuffer());
