/** Lists a folder of photos of people: DIR/<person>/<photo>. */

import { join } from "node:path";
import { escapeText } from "../gallery/gallery_entry.ts";
import { sniffImageType } from "../../shared/contract/image_type.ts";
import {
  adviseConversion,
  type ConvertAdvice,
  FORMAT_BYTES,
} from "../../shared/picture/other_formats.ts";

/** A person's folder. */
export interface PersonFolder {
  /** Name of the folder in Unicode's form NFC; it is also the person's user_id. */
  readonly person: string;
  /** Paths of the photos; each begins with the path of the listed folder. May be empty. */
  readonly photos: readonly string[];
}

/** A file or folder among the photos that cannot be used. */
export interface SkippedFile {
  readonly path: string;
  /**
   * `unreadable`: the file cannot be opened; it may be a photo. ConvertAdvice: it is a photo in a
   * format that face-it does not accept.
   */
  readonly reason: "not_a_photo" | "unreadable" | ConvertAdvice;
}

/** Content of a folder of photos. */
export interface PhotoFolder {
  /** Sorted by `person`, and their photos by path. The order is the same on every machine. */
  readonly people: readonly PersonFolder[];
  /** Sorted by path. */
  readonly skipped: readonly SkippedFile[];
}

/** Error for a folder that is not a folder of photos; the one-line message names the folder. */
export class PhotoFolderError extends Error {
  override readonly name = "PhotoFolderError";
}

/**
 * Lists a folder that has a folder for each person. A photo is a regular file whose first bytes are
 * those of one of IMAGE_TYPES. Its name and the rest of its content do not matter. Follows
 * links. Ignores names that begin with a dot. Lists everything else that is not a photo as skipped.
 *
 * @throws {PhotoFolderError} when the folder is missing or unreadable, or contains no folder; or
 * when the names of two folders are spellings of the same characters
 */
export async function listPhotoFolder(folder: string): Promise<PhotoFolder> {
  const people: PersonFolder[] = [];
  const names = new Map<string, string>();
  const skipped: SkippedFile[] = [];
  for (const person of await visibleNames(folder)) {
    const path = join(folder, person);
    const kind = await readKind(path);
    if (kind !== "folder") {
      skipped.push({ path, reason: kind === "unreadable" ? "unreadable" : "not_a_photo" });
      continue;
    }
    const earlier = names.get(person.normalize("NFC"));
    if (earlier !== undefined) {
      throw new PhotoFolderError(
        `The folder ${folder} has two folders ${escapeText(earlier)} and ${escapeText(person)}. ` +
          "They are two spellings of the same characters: move the photos into one of them",
      );
    }
    names.set(person.normalize("NFC"), person);
    const photos: string[] = [];
    for (const name of await visibleNames(path)) {
      const photo = join(path, name);
      const reason = await findSkipReason(photo);
      if (reason === undefined) photos.push(photo);
      else skipped.push({ path: photo, reason });
    }
    people.push({ person: person.normalize("NFC"), photos });
  }
  if (people.length === 0) {
    throw new PhotoFolderError(
      `The folder ${folder} contains no people: it needs a folder of photos for each person`,
    );
  }
  return { people, skipped };
}

/** Returns the name of a person: the name of the folder, with spaces instead of underscores. */
export function personName(person: string): string {
  return person.replaceAll("_", " ");
}

async function visibleNames(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    return entries.filter((name) => !name.startsWith(".")).sort();
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "does not exist"
      : cause instanceof Deno.errors.NotADirectory
      ? "is not a folder"
      : "cannot be read";
    throw new PhotoFolderError(`The folder ${folder} ${why}`, { cause });
  }
}

type Kind = "folder" | "file" | "other" | "unreadable";

async function readKind(path: string): Promise<Kind> {
  try {
    const { isDirectory, isFile } = await Deno.stat(path);
    return isDirectory ? "folder" : isFile ? "file" : "other";
  } catch {
    return "unreadable";
  }
}

async function findSkipReason(path: string): Promise<SkippedFile["reason"] | undefined> {
  const kind = await readKind(path);
  if (kind === "unreadable") return kind;
  // Does not open a named pipe: that would wait for a writer.
  if (kind !== "file") return "not_a_photo";
  try {
    const bytes = await readFirstBytes(path);
    if (sniffImageType(bytes) !== undefined) return undefined;
    return adviseConversion(bytes) ?? "not_a_photo";
  } catch {
    return "unreadable";
  }
}

async function readFirstBytes(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(FORMAT_BYTES);
  const length = await file.read(bytes) ?? 0;
  return bytes.subarray(0, length);
}
