/** Finds photos that do not show the same person as the user's other photos. */

import type { Likeness } from "../../../matching/likeness.ts";
import { cosine } from "../../../matching/vector.ts";
import { type AcceptedPhoto, SAME_PHOTO } from "./merge_templates.ts";

/**
 * Returns the photos that cannot be trusted to show the user. A user's existing templates decide: a
 * new photo must be like more than half of them. Without existing templates, the photos decide
 * together: each must be like more than half of all photos, itself included. So of two photos that
 * differ, neither is trusted. Copies of a photo count once. The order of the photos does not matter.
 *
 * @param existing Embeddings of the templates that the user keeps, L2-normalised
 * @param photos New photos of the user
 * @param isAlike Rule for two photos of one person
 */
export function findUnlikePhotos(
  existing: readonly Float32Array[],
  photos: readonly AcceptedPhoto[],
  isAlike: Likeness,
): AcceptedPhoto[] {
  const voters = withoutCopies(
    existing.length > 0 ? existing : photos.map(({ embedding }) => embedding),
  );
  return photos.filter(({ embedding }) => {
    const alike = voters.filter((voter) => isAlike(cosine(voter, embedding))).length;
    return alike * 2 <= voters.length;
  });
}

function withoutCopies(embeddings: readonly Float32Array[]): Float32Array[] {
  const kept: Float32Array[] = [];
  for (const embedding of embeddings) {
    if (!kept.some((other) => cosine(other, embedding) > SAME_PHOTO)) kept.push(embedding);
  }
  return kept;
}
