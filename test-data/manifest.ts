/** Reads test-data/manifest.json: the sample pictures and the photos that they are parts of. */

import { z } from "zod";
import { PackageFileSchema, PackageSourceSchema } from "../models/manifest.ts";
import manifest from "./manifest.json" with { type: "json" };

/** A picture: a rectangle of a photo, in pixels. */
const PictureSchema = z.strictObject({
  /** Name of the local file. */
  file: z.string().endsWith(".png"),
  /** The `file` of the photo. */
  from: z.string(),
  left: z.int().nonnegative(),
  top: z.int().nonnegative(),
  width: z.int().positive(),
  height: z.int().positive(),
  /** sha256 of the pixels as interleaved 8-bit RGB, because the bytes of a PNG can differ. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** See {@linkcode PictureSchema}. */
export type Picture = z.infer<typeof PictureSchema>;

/** Schema of test-data/manifest.json. */
export const PictureManifestSchema = z.strictObject({
  source: PackageSourceSchema,
  photos: z.array(PackageFileSchema),
  pictures: z.array(PictureSchema),
}).refine(
  ({ photos, pictures }) => pictures.every(({ from }) => photos.some(({ file }) => file === from)),
  "The photo of a picture is not listed",
);

/** See {@linkcode PictureManifestSchema}. */
export type PictureManifest = z.infer<typeof PictureManifestSchema>;

/** The sample pictures. */
export const PICTURE_MANIFEST: PictureManifest = PictureManifestSchema.parse(manifest);
