/** Makes a folder with photos of many people from photos of a few. */

import { join } from "node:path";
import sharp from "sharp";
import { encoded } from "./pictures.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

/** Number of people that are made of each person. */
const VARIANTS = 5;

/**
 * Makes a temporary folder with five people for each person of another folder. Each has all photos
 * of that person, cut and varied in another way, so no two files are the same. The five are
 * lookalikes: they have the same face.
 *
 * @param from Folder with a folder of photos for each person
 */
export async function varyPhotos(from: string): Promise<TemporaryFolder> {
  const folder = await temporaryFolder();
  for await (const { name: person } of Deno.readDir(from)) {
    for await (const { name: photo } of Deno.readDir(join(from, person))) {
      // Not by its path: the worker's code blocks the loaders of files in the whole process.
      const bytes = await Deno.readFile(join(from, person, photo));
      for (let variant = 0; variant < VARIANTS; variant++) {
        await folder.write(join(`${person}_${variant}`, photo), await vary(bytes, variant));
      }
    }
  }
  return folder;
}

/** Cuts the edges of a photo, mirrors every second variant, and makes each one brighter. */
async function vary(bytes: Uint8Array, variant: number) {
  const photo = sharp(bytes);
  const { width, height } = await photo.metadata();
  const edge = Math.round(width * (0.04 + 0.03 * variant));
  const region = { left: edge, top: edge, width: width - 2 * edge, height: height - 2 * edge };
  return await encoded(
    photo.extract(region).flop(variant % 2 === 1).modulate({ brightness: 0.9 + 0.05 * variant })
      .jpeg({ quality: 90 }),
  );
}
