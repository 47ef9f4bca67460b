/** Fills an index with users whose templates are random. */

import type { UserTarget } from "../../../gallery/index/follow_store.ts";
import { normalize } from "../../../matching/vector.ts";
import { MODEL } from "../../support/gallery_store.ts";

/** Length of the templates. */
export const DIMENSION = 512;

/** Puts users with one template each. */
export function putRandomUsers(
  index: UserTarget,
  count: number,
  embeddingOf: (i: number) => Float32Array = randomEmbedding,
): void {
  for (let i = 0; i < count; i++) {
    const template = {
      templateId: "",
      // As from a database: each template has a text of its own.
      model: MODEL.slice(0, 1) + MODEL.slice(1),
      embedding: embeddingOf(i),
      photo: NO_PHOTO,
    };
    index.put({
      collection: "default",
      userId: `user ${i}`,
      name: `User ${i}`,
      templates: [template],
    });
  }
}

const NO_PHOTO = new Uint8Array(32);

/** Returns a random vector of length 1. */
export function randomEmbedding(): Float32Array {
  return normalize(Float32Array.from({ length: DIMENSION }, () => Math.random() - 0.5));
}
