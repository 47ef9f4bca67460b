/** The gallery: whom the service can recognise. Its file format, and its form in memory. */

import { normalize } from "../pipeline/embed.ts";

/** A person in the gallery. */
export interface User {
  /** Unique in the gallery. */
  readonly userId: string;
  /** For people to read. */
  readonly name: string;
}

/** Templates in memory, ready to be compared. */
export interface Gallery {
  /** Length of an embedding. */
  readonly dimension: number;
  /** Each user once. */
  readonly users: readonly User[];
  /** All templates one after another, each L2-normalised; length `owners.length * dimension`. */
  readonly templates: Float32Array;
  /** For each template the index of its user. */
  readonly owners: Int32Array;
}

/** One template as a gallery file holds it. */
export interface GalleryEntry {
  /** Several entries may share it. */
  readonly user_id: string;
  /** The same in all entries of a user. */
  readonly name: string;
  /** As many numbers as the model gives, not necessarily L2-normalised. */
  readonly embedding: readonly number[];
}

/** A gallery that cannot be used; the message names the entry at fault. */
export class GalleryError extends Error {
  /** Always "GalleryError". */
  override readonly name = "GalleryError";
}

/**
 * Reads a gallery file: `{"embeddings": [{"user_id", "name", "embedding": [numbers]}]}`. Several
 * entries with one user_id are that user's templates. `{"embeddings": []}` matches nobody.
 *
 * @param json Content of the file
 * @param dimension Length that every embedding must have
 * @throws {GalleryError} naming the entry, when it has no user_id or name, an embedding of another
 * length, a value that is not a finite number, a zero embedding, or a second name for its user_id
 */
export function parseGallery(json: string, dimension: number): Gallery {
  return buildGallery(parseGalleryEntries(json), dimension);
}

/**
 * Reads the entries of a gallery file without looking at the embeddings.
 *
 * @throws {GalleryError} when it is not JSON, or an entry has no user_id, name or embedding
 */
export function parseGalleryEntries(json: string): GalleryEntry[] {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch {
    // The parser's message quotes the text, which may be an embedding.
    throw new GalleryError("The gallery is not valid JSON");
  }
  const entries = isRecord(file) ? file["embeddings"] : undefined;
  if (!Array.isArray(entries)) {
    throw new GalleryError('The gallery has no list "embeddings"');
  }
  return entries.map((entry: unknown, index) => {
    const record = isRecord(entry) ? entry : {};
    const userId = nonEmptyText(record["user_id"], `entry ${index}`, "user_id");
    const label = entryLabel(index, userId);
    const name = nonEmptyText(record["name"], label, "name");
    const embedding = record["embedding"];
    if (!Array.isArray(embedding)) {
      throw new GalleryError(`Gallery ${label}: "embedding" is not a list of numbers`);
    }
    return { user_id: userId, name, embedding };
  });
}

/**
 * Puts entries into their form in memory.
 *
 * @throws {GalleryError} as {@linkcode parseGallery} does
 */
export function buildGallery(entries: readonly GalleryEntry[], dimension: number): Gallery {
  const users: User[] = [];
  const indexOf = new Map<string, number>();
  const templates = new Float32Array(entries.length * dimension);
  const owners = new Int32Array(entries.length);
  entries.forEach(({ user_id: userId, name, embedding }, i) => {
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
    templates.set(template(embedding, dimension, label), i * dimension);
  });
  return { dimension, users, templates, owners };
}

function template(embedding: readonly number[], dimension: number, label: string): Float32Array {
  if (embedding.length !== dimension) {
    throw new GalleryError(
      `Gallery ${label}: the embedding has ${embedding.length} numbers, the model gives ${dimension}`,
    );
  }
  if (!embedding.every((value) => Number.isFinite(value))) {
    throw new GalleryError(`Gallery ${label}: the embedding holds something that is not a number`);
  }
  try {
    return normalize(embedding);
  } catch {
    throw new GalleryError(`Gallery ${label}: the embedding is zero or too large to normalise`);
  }
}

/** Of a user_id and a name: what a request and an answer can carry. */
const MAX_CHARACTERS = 256;

const entryLabel = (index: number, userId: string): string => `entry ${index} ("${userId}")`;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nonEmptyText(value: unknown, label: string, field: string): string {
  if (typeof value !== "string" || value.trim() === "") {
    throw new GalleryError(`Gallery ${label}: "${field}" is missing or not a text`);
  }
  if (value.length > MAX_CHARACTERS) {
    throw new GalleryError(
      `Gallery ${label}: "${field}" has more than ${MAX_CHARACTERS} characters`,
    );
  }
  return value;
}
