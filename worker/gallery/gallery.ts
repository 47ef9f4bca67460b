/** Builds the gallery in memory from entries of gallery files. */

import { normalize } from "../../matching/vector.ts";
import { TemplateSum } from "../../matching/fuse.ts";
import { type Gallery, type Segment, type User, userVector } from "../../matching/gallery.ts";
import {
  createSpellingCheck,
  entryEmbedding,
  entryLabel,
  type GalleryEntry,
  GalleryError,
  parseGalleryFile,
} from "./gallery_entry.ts";

/** Builds a gallery, file by file. */
export interface GalleryBuilder {
  /**
   * Adds the entries of one file. All entries with the same user_id, also those that were added
   * earlier, are templates of one user. The order of the entries does not change a user's vector.
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
  const templateCounts: number[] = [];
  const segments: Segment[] = [];
  const refuseOtherSpelling = createSpellingCheck();
  /** The sums of users with several templates. The vector of any other user is the template. */
  const sums = new Map<number, TemplateSum>();
  let size = 0;

  const addUser = (entry: GalleryEntry, i: number) => {
    const { user_id: userId, name } = entry;
    refuseOtherSpelling(entry, i);
    const index = indexOf.get(userId);
    if (index === undefined) {
      indexOf.set(userId, users.push({ userId, name }) - 1);
      templateCounts.push(0);
    } else if (users[index]!.name !== name) {
      throw new GalleryError(
        `Gallery ${entryLabel(i, userId)}: the user_id has two names, "${
          users[index]!.name
        }" and ` +
          `"${name}"`,
      );
    }
  };
  const addTemplate = (index: number, template: Float32Array) => {
    const vector = userVector({ segments, dimension }, index);
    if (templateCounts[index]!++ === 0) return vector.set(template);
    let sum = sums.get(index);
    if (sum === undefined) {
      sum = new TemplateSum(dimension);
      sum.add(vector);
      sums.set(index, sum);
    }
    sum.add(template);
  };
  return {
    add(entries) {
      const first = users.length;
      entries.forEach(addUser);
      const added = users.length - first;
      if (added > 0) segments.push({ first, vectors: new Float32Array(added * dimension) });
      const template = new Float32Array(dimension);
      entries.forEach((entry, i) => {
        normalizeTemplate(entryEmbedding(entry), template, entryLabel(i, entry.user_id));
        addTemplate(indexOf.get(entry.user_id)!, template);
      });
      size += entries.length;
    },
    build() {
      for (const [index, sum] of sums) sum.fuse(userVector({ segments, dimension }, index));
      return { dimension, users, indexOf, templateCounts, segments, size };
    },
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
 * Builds a gallery from the content of a gallery file. Does not check its model.
 * `{"embeddings": []}` has no users.
 *
 * @param json Content of the file
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} the same as {@linkcode parseGalleryFile} and {@linkcode
 * GalleryBuilder.add}
 */
export function parseGallery(json: string, dimension: number): Gallery {
  return buildGallery(parseGalleryFile(json).entries, dimension);
}

const OTHER_MODEL =
  "Another recognition model made it: enrol everybody again with the model in use " +
  "into a new file, or use that model (models/README.md)";

function normalizeTemplate(
  embedding: ArrayLike<number>,
  template: Float32Array,
  label: string,
): void {
  const { length } = embedding;
  if (length !== template.length) {
    throw new GalleryError(
      `Gallery ${label}: the embedding has ${length} numbers, the model gives ${template.length}. ` +
        OTHER_MODEL,
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
