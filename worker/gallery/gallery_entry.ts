/** The format of gallery files: the types of their entries, and the parser. */

import { isUserText, MAX_USER_CHARS } from "../../shared/contract/contract.ts";

/** The user that an entry belongs to. */
export interface EntryOwner {
  /** Several entries may have the same user_id. */
  readonly user_id: string;
  /** The same in all entries of a user. */
  readonly name: string;
}

/** An entry whose embedding is a list of numbers: about 6 KB in a file. */
export interface FloatEntry extends EntryOwner {
  /** One number for each dimension of the model's embeddings; not necessarily L2-normalised. */
  readonly embedding: readonly number[];
}

/** An entry whose embedding is rounded to bytes. In a file they are base64, about 0.75 KB. */
export interface CompactEntry extends EntryOwner {
  /** One byte for each dimension of the model's embeddings; the scale does not matter. */
  readonly embedding_int8: Int8Array;
}

/** One template, as it is in a gallery file. */
export type GalleryEntry = FloatEntry | CompactEntry;

/** Error for a gallery that cannot be used. The message names the entry and quotes no embedding. */
export class GalleryError extends Error {
  /** Name of the class. */
  override readonly name = "GalleryError";
}

/** Calls `use`. When `use` throws a GalleryError, puts the file's path before its message. */
export function nameFileInErrors<Result>(path: string, use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    if (!(cause instanceof GalleryError)) throw cause;
    throw new GalleryError(`${path}: ${cause.message}`, { cause });
  }
}

/**
 * Parses the content of a gallery file. The numbers of the embeddings are not checked.
 *
 * ```json
 * {"embeddings": [
 *   {"user_id": "alice", "name": "Alice", "embedding": [0.6, -0.8]},
 *   {"user_id": "bob", "name": "Bob", "embedding_int8": "X4E="}
 * ]}
 * ```
 *
 * @param json Content of the file
 * @throws {GalleryError} when the content is not JSON, or an entry has no user_id, name or
 * embedding, or has two embeddings
 */
export function parseGalleryEntries(json: string): GalleryEntry[] {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch {
    // The parser's message is left out: it quotes the text, which may be part of an embedding.
    throw new GalleryError("The gallery is not valid JSON");
  }
  const entries = isRecord(file) ? file["embeddings"] : undefined;
  if (!Array.isArray(entries)) {
    throw new GalleryError('The gallery has no list "embeddings"');
  }
  return entries.map((entry: unknown, index) => {
    const record = isRecord(entry) ? entry : {};
    const user_id = nonEmptyText(record["user_id"], `entry ${index}`, "user_id");
    const label = entryLabel(index, user_id);
    const name = nonEmptyText(record["name"], label, "name");
    const { embedding, embedding_int8 } = record;
    if ((embedding === undefined) === (embedding_int8 === undefined)) {
      const which = embedding === undefined ? "neither of" : "both of";
      throw new GalleryError(
        `Gallery ${label}: it needs "embedding" or "embedding_int8" and has ${which} them`,
      );
    }
    if (embedding_int8 !== undefined) {
      return { user_id, name, embedding_int8: signedBytes(embedding_int8, label) };
    }
    if (!Array.isArray(embedding)) {
      throw new GalleryError(`Gallery ${label}: "embedding" is not a list of numbers`);
    }
    return { user_id, name, embedding };
  });
}

/** True when the entry is of the compact form. */
export const isCompact = (entry: GalleryEntry): entry is CompactEntry => "embedding_int8" in entry;

/** Returns the numbers of an entry's embedding as they are in the file: not L2-normalised. */
export const entryEmbedding = (entry: GalleryEntry): ArrayLike<number> =>
  isCompact(entry) ? entry.embedding_int8 : entry.embedding;

/** Returns the text that names an entry in error messages. */
export const entryLabel = (index: number, userId: string): string => `entry ${index} ("${userId}")`;

function signedBytes(base64: unknown, label: string): Int8Array {
  try {
    return new Int8Array(Uint8Array.fromBase64(base64 as string).buffer);
  } catch {
    throw new GalleryError(`Gallery ${label}: "embedding_int8" is not base64`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function nonEmptyText(value: unknown, label: string, field: string): string {
  if (typeof value !== "string" || value.trim() === "") {
    throw new GalleryError(`Gallery ${label}: "${field}" is missing, empty or not a text`);
  }
  if (value.length > MAX_USER_CHARS) {
    throw new GalleryError(
      `Gallery ${label}: "${field}" has more than ${MAX_USER_CHARS} characters`,
    );
  }
  if (!isUserText(value)) {
    throw new GalleryError(
      `Gallery ${label}: "${field}" has control characters or is not valid Unicode`,
    );
  }
  return value;
}
