/** What test-data/manifest.json says: the sample pictures, and which photos they are cut out of. */

import { z } from "zod";
import { PackageFileSchema, PackageSourceSchema } from "../models/manifest.ts";
import manifest from "./manifest.json" with { type: "json" };

/** A rectangle of a photo, in pixels. */
export const PictureSchema = z.strictObject({
  /** Name that it gets here. */
  file: z.string().endsWith(".png"),
  /** The `file` of the photo. */
  from: z.string(),
  left: z.int().nonnegative(),
  top: z.int().nonnegative(),
  width: z.int().positive(),
  height: z.int().positive(),
  /** Of its pixels as interleaved 8-bit RGB: the bytes of a PNG depend on who compresses it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** See {@linkcode PictureSchema}. */
export type Picture = z.infer<typeof PictureSchema>;

/** The form of test-data/manifest.json. */
export const PictureManifestSchema = z.strictObject({
  source: PackageSourceSchema,
  photos: z.array(PackageFileSchema),
  pictures: z.array(PictureSchema),
}).refine(
  ({ photos, pictures }) => pictures.every(({ from }) => photos.some(({ file }) => file === from)),
  "A picture is cut out of a photo that is not listed",
);

/** See {@linkcode PictureManifestSchema}. */
export type PictureManifest = z.infer<typeof PictureManifestSchema>;

/** The sample pictures. */
export const PICTURE_MANIFEST: PictureManifest = PictureManifestSchema.parse(manifest);
