/** Finds the labelled photos that docs/accuracy.md describes. They are used to measure accuracy. */

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

/** Returns the folder of 826 people. Call it only in tests that `needs("lfw3")` registers. */
export const wideSet = (): string => Deno.env.get("FACE_IT_LFW3")!;
