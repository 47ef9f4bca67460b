/** The gallery in memory: all users that the service can recognise. */

import { normalize } from "../vector.ts";
import {
  createSpellingCheck,
  entryEmbedding,
  entryLabel,
  type GalleryEntry,
  GalleryError,
  parseGalleryEntries,
} from "./gallery_entry.ts";

/** A person in the gallery. */
export interface User {
  /** Unique in the gallery. */
  readonly userId: string;
  /** Name that people read. */
  readonly name: string;
}

/** The templates of one gallery file, ready to be compared. */
export interface Segment {
  /**
   * All templates, one after another, each L2-normalised; length `owners.length * dimension`. No
   * other array shares the buffer.
   */
  readonly templates: Float32Array;
  /** For each template, the index of its user in {@linkcode Gallery.users}. */
  readonly owners: Int32Array;
}

/** All users and their templates. */
export interface Gallery {
  /** Length of an embedding. */
  readonly dimension: number;
  /** All users; each is in the list once. */
  readonly users: readonly User[];
  /** For each user_id, its index in `users`. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** All templates, in the order in which they were added. */
  readonly segments: readonly Segment[];
  /** Number of templates. */
  readonly size: number;
}

/** Builds a gallery, file by file. */
export interface GalleryBuilder {
  /**
   * Adds the entries of one file as a segment. All entries with the same user_id, also those that
   * were added earlier, are templates of one user.
   *
   * @throws {GalleryError} naming the entry, when its embedding has another length, is zero, or
   * contains a value that is not a finite number; when the user_id already has another name; or when
   * an earlier entry has another spelling of the user_id
   */
  add(entries: readonly GalleryEntry[]): void;
  /** Returns the gallery with everything that was added. */
  build(): Gallery;
}

/**
 * Makes a builder for a gallery.
 *
 * @param dimension Length that every embedding must have
 */
export function createGalleryBuilder(dimension: number): GalleryBuilder {
  const users: User[] = [];
  const indexOf = new Map<string, number>();
  const segments: Segment[] = [];
  const refuseOtherSpelling = createSpellingCheck();
  let size = 0;
  return {
    add(entries) {
      if (entries.length === 0) return;
      const templates = new Float32Array(entries.length * dimension);
      const owners = new Int32Array(entries.length);
      entries.forEach((entry, i) => {
        const { user_id: userId, name } = entry;
        const label = entryLabel(i, userId);
        refuseOtherSpelling(entry, i);
        let owner = indexOf.get(userId);
        if (owner === undefined) {
          owner = users.push({ userId, name }) - 1;
          indexOf.set(userId, owner);
        } else if (users[owner]!.name !== name) {
          throw new GalleryError(
            `Gallery ${label}: the user_id has two names, "${users[owner]!.name}" and "${name}"`,
          );
        }
        owners[i] = owner;
        const template = templates.subarray(i * dimension, (i + 1) * dimension);
        normalizeTemplate(entryEmbedding(entry), template, label);
      });
      segments.push({ templates, owners });
      size += entries.length;
    },
    build: () => ({ dimension, users, indexOf, segments, size }),
  };
}

/**
 * Builds a gallery from entries.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const gallery = buildGallery([
 *   { user_id: "alice", name: "Alice", embedding: [3, 4] },
 *   { user_id: "alice", name: "Alice", embedding: [0, 1] },
 * ], 2);
 * assertEquals(gallery.users, [{ userId: "alice", name: "Alice" }]);
 * assertEquals(gallery.size, 2);
 * ```
 *
 * @param entries Entries of one file
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} the same as {@linkcode GalleryBuilder.add}
 */
export function buildGallery(entries: readonly GalleryEntry[], dimension: number): Gallery {
  const builder = createGalleryBuilder(dimension);
  builder.add(entries);
  return builder.build();
}

/**
 * Builds a gallery from the content of a gallery file. `{"embeddings": []}` has no users.
 *
 * @param json Content of the file
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} the same as {@linkcode parseGalleryEntries} and {@linkcode
 * GalleryBuilder.add}
 */
export function parseGallery(json: string, dimension: number): Gallery {
  return buildGallery(parseGalleryEntries(json), dimension);
}

function normalizeTemplate(
  embedding: ArrayLike<number>,
  template: Float32Array,
  label: string,
): void {
  const { length } = embedding;
  if (length !== template.length) {
    throw new GalleryError(
      `Gallery ${label}: the embedding has ${length} numbers, the model gives ${template.length}`,
    );
  }
  for (let i = 0; i < length; i++) {
    if (!Number.isFinite(embedding[i])) {
      throw new GalleryError(
        `Gallery ${label}: the embedding contains something that is not a number`,
      );
    }
  }
  try {
    normalize(embedding, template);
  } catch {
    throw new GalleryError(`Gallery ${label}: the embedding is zero or too large to normalise`);
  }
}
