/** The sample pictures, and pictures made from them. */

import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { ROOT } from "./checkout.ts";

/** Encoded bytes, as a request sends them. */
export type Picture = Uint8Array<ArrayBuffer>;

/** Returns the absolute path of a sample picture. */
export const samplePath = (name: string): string => join(ROOT, "test-data", name);

/** Reads a sample picture. */
export const sample = (name: string): Promise<Picture> => Deno.readFile(samplePath(name));

/** Makes a picture that shows nobody. */
export const gray = (width: number, height: number): Promise<Picture> =>
  encoded(sharp({ create: { width, height, channels: 3, background: "gray" } }).png());

/** Makes a large picture of user1. Finding the face in it takes most of a second. */
export async function slowPicture(): Promise<Picture> {
  const small = sharp(await sample("user1_similar.png"));
  return await encoded(small.resize(6500, 7000).jpeg({ quality: 70, progressive: true }));
}

/** Makes a picture of two people side by side, both of the same size. */
export async function sideBySide(): Promise<Picture> {
  const faces = await Promise.all(["user1.png", "user2.png"].map(async (name, i) => ({
    input: await sharp(await sample(name)).resize(400, 400, { fit: "cover" }).toBuffer(),
    left: i * 400,
    top: 0,
  })));
  const blank = sharp({ create: { width: 800, height: 400, channels: 3, background: "white" } });
  return await encoded(blank.composite(faces).png());
}

/** Makes a small picture with one person in the middle. The face is about 30 pixels wide. */
export async function farAway(): Promise<Picture> {
  const person = sharp(await sample("user1.png")).resize(80, 80);
  const border = { left: 40, right: 40, top: 20, bottom: 20 };
  return await encoded(person.extend({ ...border, background: "gray" }).png());
}

/** Encodes a picture into a new buffer, because sharp's buffers can share memory. */
export const encoded = async (picture: Sharp): Promise<Picture> =>
  Uint8Array.from(await picture.toBuffer());
