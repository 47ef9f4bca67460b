/** The gallery in memory: whom the service can recognise. */

import { normalize } from "../vector.ts";
import {
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
  /** For people to read. */
  readonly name: string;
}

/** Templates of one gallery file, ready to be compared. */
export interface Segment {
  /** One after another, each L2-normalised; length `owners.length * dimension`; owns its buffer. */
  readonly templates: Float32Array;
  /** For each template the index of its user. */
  readonly owners: Int32Array;
}

/** Everybody who can be recognised. */
export interface Gallery {
  /** Length of an embedding. */
  readonly dimension: number;
  /** Each user once. */
  readonly users: readonly User[];
  /** For each user_id the index in `users`. */
  readonly indexOf: ReadonlyMap<string, number>;
  /** All templates, in the order in which they were read. */
  readonly segments: readonly Segment[];
  /** How many templates there are. */
  readonly size: number;
}

/** Puts a gallery together, file by file. */
export interface GalleryBuilder {
  /**
   * Adds entries. Several entries with one user_id, here or before, are that user's templates.
   *
   * @throws {GalleryError} naming the entry, when its embedding has another length, holds something
   * that is not a finite number or is zero, or the user_id has another name already
   */
  add(entries: readonly GalleryEntry[]): void;
  /** The gallery of all that was added. */
  build(): Gallery;
}

/**
 * Begins a gallery.
 *
 * @param dimension Length that every embedding must have
 */
export function createGalleryBuilder(dimension: number): GalleryBuilder {
  const users: User[] = [];
  const indexOf = new Map<string, number>();
  const segments: Segment[] = [];
  let size = 0;
  return {
    add(entries) {
      if (entries.length === 0) return;
      const templates = new Float32Array(entries.length * dimension);
      const owners = new Int32Array(entries.length);
      entries.forEach((entry, i) => {
        const { user_id: userId, name } = entry;
        const label = entryLabel(i, userId);
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
 * Puts entries into their form in memory.
 *
 * @throws {GalleryError} as {@linkcode GalleryBuilder.add} does
 */
export function buildGallery(entries: readonly GalleryEntry[], dimension: number): Gallery {
  const builder = createGalleryBuilder(dimension);
  builder.add(entries);
  return builder.build();
}

/**
 * Reads the content of a gallery file. `{"embeddings": []}` matches nobody.
 *
 * @param json Content of the file
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} as {@linkcode parseGalleryEntries} and {@linkcode GalleryBuilder.add} do
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
        `Gallery ${label}: the embedding holds something that is not a number`,
      );
    }
  }
  try {
    normalize(embedding, template);
  } catch {
    throw new GalleryError(`Gallery ${label}: the embedding is zero or too large to normalise`);
  }
}
