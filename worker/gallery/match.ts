/** Finds the template of a gallery that is most similar to a probe. */

import type { Gallery, User } from "./gallery.ts";
import { loadUsearch, type Scan, scanByLoop } from "./scan.ts";
import { dot } from "../vector.ts";

/** The template nearest to a probe. */
export interface NearestTemplate {
  /** User that the template belongs to. */
  readonly user: User;
  /** Cosine similarity, −1 to 1. */
  readonly similarity: number;
  /**
   * Number of templates compared, at least 1. With more templates, a stranger is more likely to be
   * similar to one of them by chance.
   */
  readonly compared: number;
}

/**
 * Finds the template with the highest cosine to a probe. Without a user_id it searches all
 * templates (1:N). With a user_id it searches only the templates of this user (1:1).
 *
 * @param probe Embedding, L2-normalised, as long as the gallery's templates
 * @param userId The only user to compare with; all users by default
 * @returns The nearest template; the first one when several are equally near; undefined when there
 * is no template to compare with
 * @throws {RangeError} when the probe's length is not the gallery's dimension
 */
export type Matcher = (probe: Float32Array, userId?: string) => NearestTemplate | undefined;

/** Smallest gallery for which usearch is loaded. For 500 templates the loop takes 0.2 ms. */
const MANY_TEMPLATES = 500;

/**
 * Makes a matcher for a gallery.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { buildGallery } from "./gallery.ts";
 *
 * const findNearest = createMatcher(buildGallery([
 *   { user_id: "alice", name: "Alice", embedding: [1, 0] },
 *   { user_id: "bob", name: "Bob", embedding: [0, 1] },
 * ], 2));
 * const probe = Float32Array.of(0, 1);
 * assertEquals(findNearest(probe)?.user.name, "Bob");
 * assertEquals(findNearest(probe, "alice")?.similarity, 0);
 * assertEquals(findNearest(probe, "carol"), undefined);
 * ```
 *
 * @param gallery Gallery to search
 * @param scan Finds the nearest template of a segment; by default the fastest scan for the
 * gallery's size
 */
export function createMatcher(gallery: Gallery, scan: Scan = fastestScan(gallery)): Matcher {
  const { dimension, users, indexOf, segments, size } = gallery;
  return (probe, userId) => {
    if (probe.length !== dimension) {
      throw new RangeError(`The probe has ${probe.length} numbers instead of ${dimension}`);
    }
    const only = userId === undefined ? undefined : indexOf.get(userId) ?? -1;
    let best = -1, similarity = -Infinity, compared = only === undefined ? size : 0;
    for (const { templates, owners } of segments) {
      const compare = (i: number) => {
        // Computed again in double precision: usearch's distances are only float32.
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
