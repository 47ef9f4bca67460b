/** A folder of photographs of people: DIR/<person>/<photo>. */

import { join } from "node:path";
import { sniffImageType } from "../../shared/contract/image_type.ts";

/** A person's folder. */
export interface PersonFolder {
  /** Name of the folder, which is the person's user_id. */
  readonly person: string;
  /** Paths of the photos, each beginning with the folder that was listed; may be empty. */
  readonly photos: readonly string[];
}

/** Something that lies among the photos and is none. */
export interface SkippedFile {
  readonly path: string;
  /** `unreadable`: what it is cannot be told, because it cannot be opened. */
  readonly reason: "not_a_photo" | "unreadable";
}

/** What a folder of photographs holds. */
export interface PhotoFolder {
  /** Sorted by `person`, their photos by path (code units, so that every machine agrees). */
  readonly people: readonly PersonFolder[];
  /** Sorted by path. */
  readonly skipped: readonly SkippedFile[];
}

/** A folder that is not one of photographs; the one-line message names it. */
export class PhotoFolderError extends Error {
  /** Always "PhotoFolderError". */
  override readonly name = "PhotoFolderError";
}

/**
 * Lists a folder that has a folder for each person. A photo is a regular file whose first bytes are
 * those of a JPEG, PNG or WebP, whatever its name; its content is looked at no further. Links are
 * followed. Names that begin with a dot are passed over, whatever else is no photo is reported.
 *
 * @throws {PhotoFolderError} when the folder is missing or unreadable, or holds no other folder
 */
export async function listPhotoFolder(folder: string): Promise<PhotoFolder> {
  const people: PersonFolder[] = [];
  const skipped: SkippedFile[] = [];
  for (const person of await visibleNames(folder)) {
    const path = join(folder, person);
    const kind = await kindOf(path);
    if (kind !== "folder") {
      skipped.push({ path, reason: kind === "unreadable" ? "unreadable" : "not_a_photo" });
      continue;
    }
    const photos: string[] = [];
    for (const name of await visibleNames(path)) {
      const photo = join(path, name);
      const reason = await whyNoPhoto(photo);
      if (reason === undefined) photos.push(photo);
      else skipped.push({ path: photo, reason });
    }
    people.push({ person, photos });
  }
  if (people.length === 0) {
    throw new PhotoFolderError(
      `The folder ${folder} holds nobody: it should have a folder of photos for each person`,
    );
  }
  return { people, skipped };
}

/** A person's name as people write it: the folder's, with underscores as spaces. */
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

async function kindOf(path: string): Promise<Kind> {
  try {
    const { isDirectory, isFile } = await Deno.stat(path);
    return isDirectory ? "folder" : isFile ? "file" : "other";
  } catch {
    return "unreadable";
  }
}

async function whyNoPhoto(path: string): Promise<SkippedFile["reason"] | undefined> {
  const kind = await kindOf(path);
  if (kind === "unreadable") return kind;
  // A named pipe would block whoever opens it.
  if (kind !== "file") return "not_a_photo";
  try {
    return sniffImageType(await firstBytes(path)) === undefined ? "not_a_photo" : undefined;
  } catch {
    return "unreadable";
  }
}

async function firstBytes(path: string): Promise<Uint8Array> {
  using file = await Deno.open(path);
  const bytes = new Uint8Array(12);
  const length = await file.read(bytes) ?? 0;
  return bytes.subarray(0, length);
}
