/** Compares a probe with the gallery: cosine similarity against every template. */

import type { Gallery, User } from "./gallery.ts";

/** The template nearest to a probe. */
export interface NearestTemplate {
  /** Whose template it is. */
  readonly user: User;
  /** Cosine similarity, −1 to 1. */
  readonly similarity: number;
  /** Templates that were compared, at least 1: the more, the likelier a chance resemblance. */
  readonly compared: number;
}

/**
 * Finds the template that is most similar to `probe`, among all (1:N) or, with `userId`, among that
 * user's (1:1).
 *
 * @param gallery What to search
 * @param probe Length `gallery.dimension`, L2-normalised
 * @param userId Whom to compare with alone
 * @returns undefined when there is nothing to compare with
 * @throws {RangeError} when the probe has another length
 */
export function findNearest(
  gallery: Gallery,
  probe: Float32Array,
  userId?: string,
): NearestTemplate | undefined {
  const { dimension, templates, owners, users } = gallery;
  if (probe.length !== dimension) {
    throw new RangeError(`The probe has ${probe.length} numbers, the gallery ${dimension}`);
  }
  const only = userId === undefined ? undefined : users.findIndex((u) => u.userId === userId);
  let best = -1, similarity = -Infinity, compared = 0;
  for (let i = 0; i < owners.length; i++) {
    if (only !== undefined && owners[i] !== only) continue;
    compared++;
    const score = dot(templates, i * dimension, probe);
    if (score > similarity) {
      similarity = score;
      best = owners[i]!;
    }
  }
  const user = users[best];
  if (user === undefined) return undefined;
  return { user, similarity: Math.min(Math.max(similarity, -1), 1), compared };
}

function dot(templates: Float32Array, offset: number, probe: Float32Array): number {
  // Four sums: one addition need not wait for the last.
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 3 < probe.length; i += 4) {
    a += templates[offset + i]! * probe[i]!;
    b += templates[offset + i + 1]! * probe[i + 1]!;
    c += templates[offset + i + 2]! * probe[i + 2]!;
    d += templates[offset + i + 3]! * probe[i + 3]!;
  }
  for (; i < probe.length; i++) a += templates[offset + i]! * probe[i]!;
  return a + b + c + d;
}
