/** The format of gallery files: the types of their entries, and the parser. */

import {
  isUserText,
  MAX_USER_TEXT_LENGTH,
  normalizeUserId,
} from "../../shared/contract/user_text.ts";

/** The user that an entry belongs to. */
export interface EntryOwner {
  /** In Unicode's form NFC. Several entries may have the same user_id. */
  readonly user_id: string;
  /** In Unicode's form NFC. The same in all entries of a user. */
  readonly name: string;
  /** The user_id as the file has it, when that is not in NFC. */
  readonly spelling?: string;
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

/** The content of a gallery file. */
export interface GalleryFile {
  /** sha256 of the recognition model that made the templates, if the file names one. */
  readonly modelSha256?: string;
  /** The templates, in the order of the file. */
  readonly entries: readonly GalleryEntry[];
}

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
 * {"model_sha256": "5d558d57…", "embeddings": [
 *   {"user_id": "alice", "name": "Alice", "embedding": [0.6, -0.8]},
 *   {"user_id": "bob", "name": "Bob", "embedding_int8": "X4E="}
 * ]}
 * ```
 *
 * @param json Content of the file
 * @returns The model, and the entries with user_ids and names in NFC
 * @throws {GalleryError} when the content is not JSON; when model_sha256 is not a sha256; when an
 * entry has no user_id, name or embedding, has two embeddings, or has a user_id that no request can
 * have; when two entries have different spellings of the same user_id
 */
export function parseGalleryFile(json: string): GalleryFile {
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
  return { ...modelOf(file), entries: parseEntries(entries) };
}

function modelOf(file: unknown): Pick<GalleryFile, "modelSha256"> {
  const modelSha256 = isRecord(file) ? file["model_sha256"] : undefined;
  if (modelSha256 === undefined) return {};
  if (typeof modelSha256 === "string" && /^[0-9a-f]{64}$/.test(modelSha256)) return { modelSha256 };
  throw new GalleryError('The gallery\'s "model_sha256" is not a sha256 in lower-case hexadecimal');
}

function parseEntries(entries: readonly unknown[]): GalleryEntry[] {
  const refuseOtherSpelling = createSpellingCheck();
  return entries.map((entry, index): GalleryEntry => {
    const record = isRecord(entry) ? entry : {};
    const spelling = nonEmptyText(record["user_id"], `entry ${index}`, "user_id");
    const user_id = normalizeUserId(spelling);
    if (user_id === undefined) {
      throw new GalleryError(
        `Gallery entry ${index}: the "user_id" ${
          escapeText(spelling)
        } has control characters, is ` +
          `not a valid Unicode text, or has more than ${MAX_USER_TEXT_LENGTH} characters in NFC`,
      );
    }
    const label = entryLabel(index, user_id);
    const name = nonEmptyText(record["name"], label, "name").normalize("NFC");
    const owner = spelling === user_id ? { user_id, name } : { user_id, name, spelling };
    refuseOtherSpelling(owner, index);
    const { embedding, embedding_int8 } = record;
    if ((embedding === undefined) === (embedding_int8 === undefined)) {
      const which = embedding === undefined ? "neither of" : "both of";
      throw new GalleryError(
        `Gallery ${label}: it needs "embedding" or "embedding_int8" and has ${which} them`,
      );
    }
    if (embedding_int8 !== undefined) {
      return { ...owner, embedding_int8: signedBytes(embedding_int8, label) };
    }
    if (!Array.isArray(embedding)) {
      throw new GalleryError(`Gallery ${label}: "embedding" is not a list of numbers`);
    }
    return { ...owner, embedding };
  });
}

/**
 * Makes a check of the entries of a gallery, which may be in several files. Two spellings of a
 * user_id were two users before user_ids were normalised. They may be two people, so they must not
 * silently become one.
 *
 * @returns A function that checks one entry more
 * @throws {GalleryError} thrown by that function, when an earlier entry has another spelling of the
 * same user_id. Its message has both spellings
 */
export function createSpellingCheck(): (owner: EntryOwner, index: number) => void {
  const spellings = new Map<string, string>();
  return ({ user_id, spelling = user_id }, index) => {
    const earlier = spellings.get(user_id);
    if (earlier === undefined) spellings.set(user_id, spelling);
    else if (earlier !== spelling) {
      throw new GalleryError(
        `Gallery ${entryLabel(index, user_id)}: the user_ids ${escapeText(earlier)} and ` +
          `${escapeText(spelling)} are two spellings of the same characters. Use one of them`,
      );
    }
  };
}

/** Quotes a text, with an escape for each character that is not ASCII. */
export function escapeText(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
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
  if (value.length > MAX_USER_TEXT_LENGTH) {
    throw new GalleryError(
      `Gallery ${label}: "${field}" has more than ${MAX_USER_TEXT_LENGTH} characters`,
    );
  }
  if (!isUserText(value)) {
    throw new GalleryError(
      `Gallery ${label}: "${field}" has control characters or is not valid Unicode`,
    );
  }
  return value;
}
