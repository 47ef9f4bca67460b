/** The photographs of Labeled Faces in the Wild that the accuracy is measured on, if they are here. */

import { assert } from "@std/assert";

/** Where the photographs are, and another implementation's embeddings of some of them. */
export interface LabelledPhotos {
  /** A folder as <person>/<photo>. */
  readonly photos: string;
  /** A JSON file. */
  readonly reference: string;
}

const photos = Deno.env.get("FACE_IT_LFW100");
const reference = Deno.env.get("FACE_IT_LFW100_REFERENCE");
const missing = await isMissing(photos) || await isMissing(reference);

/** Whether the tests that need them are skipped: not where FACE_IT_REQUIRE_LFW100 is 1. */
export const skipLabelledPhotos = missing && Deno.env.get("FACE_IT_REQUIRE_LFW100") !== "1";

if (skipLabelledPhotos) {
  console.warn(
    "The accuracy tests are skipped. They need 100 photos of 10 people from Labeled Faces in the " +
      "Wild, as FACE_IT_LFW100/<person>/<photo>.jpg, and embeddings of some of them by another " +
      "implementation in the file FACE_IT_LFW100_REFERENCE: docs/accuracy.md says how to get them",
  );
}

/** The photographs; fails where there are none. */
export function labelledPhotos(): LabelledPhotos {
  assert(
    photos && reference && !missing,
    "FACE_IT_REQUIRE_LFW100 is 1, but FACE_IT_LFW100 or FACE_IT_LFW100_REFERENCE leads nowhere",
  );
  return { photos, reference };
}

async function isMissing(path: string | undefined): Promise<boolean> {
  if (!path) return true;
  return await Deno.stat(path).then(() => false, () => true);
}
