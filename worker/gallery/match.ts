/** Compares a probe with the gallery: cosine similarity against every template. */

import type { Gallery, User } from "./gallery.ts";
import { loadUsearch, type Scan, scanByLoop } from "./scan.ts";
import { dot } from "../vector.ts";

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
 * Finds the template that is most similar to a probe, among all (1:N) or, with a user_id, among that
 * user's (1:1); of several equally similar ones the first. undefined when there is nothing to
 * compare with.
 *
 * @param probe As long as the gallery's templates, L2-normalised
 * @param userId Whom to compare with alone
 * @throws {RangeError} when the probe has another length
 */
export type Matcher = (probe: Float32Array, userId?: string) => NearestTemplate | undefined;

/** Templates from which on usearch is worth loading: the loop takes 0.2 ms for them. */
const MANY_TEMPLATES = 500;

/**
 * Makes a matcher.
 *
 * @param gallery What to search
 * @param scan How to search it; unless told, what is fastest for its size
 */
export function createMatcher(gallery: Gallery, scan: Scan = fastestScan(gallery)): Matcher {
  const { dimension, users, indexOf, segments, size } = gallery;
  return (probe, userId) => {
    if (probe.length !== dimension) {
      throw new RangeError(`The probe has ${probe.length} numbers, the gallery ${dimension}`);
    }
    const only = userId === undefined ? undefined : indexOf.get(userId) ?? -1;
    let best = -1, similarity = -Infinity, compared = only === undefined ? size : 0;
    for (const { templates, owners } of segments) {
      const compare = (i: number) => {
        // Again in double precision: usearch's distances are no better than a float32.
        const score = dot(templates, i * dimension, probe);
        if (score > similarity) {
          similarity = score;
          best = owners[i]!;
        }
      };
      if (only === undefined) {
        compare(scan(templates, probe));
        continue;
      }
      for (let i = owners.indexOf(only); i >= 0; i = owners.indexOf(only, i + 1)) {
        compare(i);
        compared++;
      }
    }
    const user = users[best];
    if (user === undefined) return undefined;
    return { user, similarity: Math.min(Math.max(similarity, -1), 1), compared };
  };
}

const fastestScan = ({ size }: Gallery): Scan =>
  (size < MANY_TEMPLATES ? undefined : loadUsearch()) ?? scanByLoop;
