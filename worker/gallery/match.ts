/** Finds the template of a gallery that is most similar to a probe. */

import type { Gallery, User } from "./gallery.ts";
import { loadUsearch, type Scan, scanByLoop } from "./scan.ts";
import { dot } from "../vector.ts";

/** A comparison of a probe with one or more templates. */
export interface Comparison {
  /** Highest cosine similarity, −1 to 1. */
  readonly similarity: number;
  /**
   * Number of templates compared, at least 1. With more templates, a stranger is more likely to be
   * similar to one of them by chance.
   */
  readonly compared: number;
}

/** The template nearest to a probe. */
export interface NearestTemplate extends Comparison {
  /** User that the template belongs to. */
  readonly user: User;
  /**
   * Highest similarity with a template of another user; undefined when no other user was compared.
   */
  readonly runnerUp: number | undefined;
}

/**
 * Finds the template with the highest cosine to a probe. Without a user_id it searches all
 * templates (1:N). With a user_id it searches only the templates of this user (1:1).
 *
 * @param probe Embedding, L2-normalised, as long as the gallery's templates
 * @param userId The only user to compare with, in NFC; all users by default
 * @returns The nearest template; when several users are equally near, the template of one of them.
 * undefined when there is no template to compare with
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
 * @param scan Finds the nearest templates of a segment; by default the fastest scan for the
 * gallery's size
 */
export function createMatcher(gallery: Gallery, scan: Scan = fastestScan(gallery)): Matcher {
  const { dimension, users, indexOf, segments, size } = gallery;
  return (probe, userId) => {
    if (probe.length !== dimension) {
      throw new RangeError(`The probe has ${probe.length} numbers instead of ${dimension}`);
    }
    const nearest = createTwoNearestUsers();
    let compared = 0;
    const only = userId === undefined ? undefined : indexOf.get(userId) ?? -1;
    for (const segment of segments) {
      const { templates, owners } = segment;
      const compare = (i: number) => {
        // Computed again in double precision: usearch's distances are only float32.
        nearest.add(owners[i]!, dot(templates, i * dimension, probe));
      };
      if (only === undefined) {
        scan(segment, probe).toSorted((a, b) => a - b).forEach(compare);
        continue;
      }
      for (let i = owners.indexOf(only); i >= 0; i = owners.indexOf(only, i + 1)) {
        compare(i);
        compared++;
      }
    }
    const user = users[nearest.owner];
    if (user === undefined) return undefined;
    return {
      user,
      similarity: clampCosine(nearest.similarity),
      compared: only === undefined ? size : compared,
      runnerUp: nearest.runnerUp === -Infinity ? undefined : clampCosine(nearest.runnerUp),
    };
  };
}

/** Keeps the highest similarity of the nearest user, and that of all other users. */
function createTwoNearestUsers() {
  const nearest = {
    owner: -1,
    similarity: -Infinity,
    runnerUp: -Infinity,
    add(owner: number, similarity: number): void {
      if (similarity > nearest.similarity) {
        if (owner !== nearest.owner) nearest.runnerUp = nearest.similarity;
        nearest.owner = owner;
        nearest.similarity = similarity;
      } else if (owner !== nearest.owner && similarity > nearest.runnerUp) {
        nearest.runnerUp = similarity;
      }
    },
  };
  return nearest;
}

const clampCosine = (similarity: number): number => Math.min(Math.max(similarity, -1), 1);

const fastestScan = ({ size }: Gallery): Scan =>
  (size < MANY_TEMPLATES ? undefined : loadUsearch()) ?? scanByLoop;
