/** The format of gallery files: its entries, read and written. */

/** Whose template an entry is. */
export interface EntryOwner {
  /** Several entries may share it. */
  readonly user_id: string;
  /** The same in all entries of a user. */
  readonly name: string;
}

/** An entry that says its embedding in numbers: about 6 KB in a file. */
export interface FloatEntry extends EntryOwner {
  /** As many numbers as the model gives, not necessarily L2-normalised. */
  readonly embedding: readonly number[];
}

/** An entry whose embedding is rounded to bytes: 0.75 KB in a file, where it is base64. */
export interface CompactEntry extends EntryOwner {
  /** As many as the model gives numbers, of any scale. */
  readonly embedding_int8: Int8Array;
}

/** One template as a gallery file holds it. */
export type GalleryEntry = FloatEntry | CompactEntry;

/** A gallery that cannot be used; the message names the entry at fault, and never an embedding. */
export class GalleryError extends Error {
  /** Always "GalleryError". */
  override readonly name = "GalleryError";
}

/** Does something with the content of a gallery file; a GalleryError gets the file's name. */
export function nameFileInErrors<Result>(path: string, use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    if (!(cause instanceof GalleryError)) throw cause;
    throw new GalleryError(`${path}: ${cause.message}`, { cause });
  }
}

/**
 * Reads the entries of a gallery file, `{"embeddings": [{"user_id", "name", "embedding": [numbers]}]}`
 * with `"embedding_int8": "base64"` in place of `"embedding"` where an entry is compact. The
 * embeddings are not looked at beyond that.
 *
 * @throws {GalleryError} when it is not JSON, or an entry has no user_id, name or embedding, or two
 * embeddings
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
    const user_id = nonEmptyText(record["user_id"], `entry ${index}`, "user_id");
    const label = entryLabel(index, user_id);
    const name = nonEmptyText(record["name"], label, "name");
    const { embedding, embedding_int8 } = record;
    if ((embedding === undefined) === (embedding_int8 === undefined)) {
      const which = embedding === undefined ? "neither" : "both of";
      throw new GalleryError(
        `Gallery ${label}: it has ${which} "embedding" and "embedding_int8", one of which is needed`,
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

/** Tells the two forms apart. */
export const isCompact = (entry: GalleryEntry): entry is CompactEntry => "embedding_int8" in entry;

/** The numbers of an entry's embedding, as they are in the file: not L2-normalised. */
export const entryEmbedding = (entry: GalleryEntry): ArrayLike<number> =>
  isCompact(entry) ? entry.embedding_int8 : entry.embedding;

/** How error messages name an entry. */
export const entryLabel = (index: number, userId: string): string => `entry ${index} ("${userId}")`;

function signedBytes(base64: unknown, label: string): Int8Array {
  try {
    return new Int8Array(Uint8Array.fromBase64(base64 as string).buffer);
  } catch {
    throw new GalleryError(`Gallery ${label}: "embedding_int8" is not a text in base64`);
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Of a user_id and a name: what a request and an answer can carry. */
const MAX_CHARACTERS = 256;

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
