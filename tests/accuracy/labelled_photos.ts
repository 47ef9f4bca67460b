/** Finds the labelled photos that docs/accuracy.md describes. They are used to measure accuracy. */

import { fileURLToPath } from "node:url";

/** Paths of the photos and of another implementation's embeddings. */
export interface LabelledPhotos {
  /** A folder with the photos, as <person>/<photo>. */
  readonly photos: string;
  /** A JSON file with embeddings of some of the photos. */
  readonly reference: string;
}

/** Returns the paths. Call it only in tests that `needs("photos")` registers. */
export function labelledPhotos(): LabelledPhotos {
  return {
    photos: Deno.env.get("FACE_IT_LFW100")!,
    reference: Deno.env.get("FACE_IT_LFW100_REFERENCE")!,
  };
}

/**
 * Returns a folder with the photos of 826 people, and the list of these photos. The folder may have
 * other photos as well. Call it only in tests that `needs("lfw3")` registers.
 */
export function wideSet(): { readonly folder: string; readonly list: string } {
  return {
    folder: Deno.env.get("FACE_IT_LFW3")!,
    list: fileURLToPath(new URL("photos/826_people.txt", import.meta.url)),
  };
}
