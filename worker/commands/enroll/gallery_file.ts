/** Reads and writes gallery files. A file is written completely or not at all. */

import { basename, dirname, join } from "node:path";
import {
  GalleryError,
  type GalleryFile,
  nameFileInErrors,
  parseGalleryFile,
} from "../../gallery/gallery_entry.ts";
import { formatGallery } from "./format_gallery.ts";

/** Embeddings are biometric data: only the owner can read a new file. */
const NEW_FILE_MODE = 0o600;

/**
 * Reads a gallery file. Checks neither its embeddings nor its model.
 *
 * @returns The content; undefined when the file does not exist but its folder does
 * @throws {GalleryError} when the file cannot be read or is not a gallery, or when its folder does
 * not exist; the message names the file
 */
export async function readGalleryFile(path: string): Promise<GalleryFile | undefined> {
  let json: string;
  try {
    json = await Deno.readTextFile(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) {
      throw new GalleryError(`The gallery ${path} cannot be read`, { cause });
    }
    const folder = await Deno.stat(dirname(path)).catch(() => undefined);
    if (folder?.isDirectory) return undefined;
    throw new GalleryError(`The folder of the gallery ${path} does not exist`, { cause });
  }
  return nameFileInErrors(path, () => parseGalleryFile(json));
}

/** The steps of writing a file that can fail, for example because the disk is full. */
export interface GalleryFileSteps {
  /** Writes all bytes. */
  write(file: Deno.FsFile, bytes: Uint8Array): Promise<void>;
  /** Waits until the bytes are on the disk. */
  sync(file: Deno.FsFile): Promise<void>;
  /** Moves the temporary file to its final path. */
  rename(from: string, to: string): Promise<void>;
}

const STEPS: GalleryFileSteps = {
  async write(file, bytes) {
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  },
  sync: (file) => file.sync(),
  rename: (from, to) => Deno.rename(from, to),
};

/**
 * Writes a gallery file. First writes a temporary file in the same folder; its name begins with a
 * dot. Then the temporary file replaces the gallery file. So a reader always finds either the old
 * content or the new content. When the gallery file exists, its mode and owner stay. When it is
 * new, only its owner can read it. When `path` is a link, the file that the link points to is
 * replaced.
 *
 * @param path Path of the file; its folder exists
 * @param content Content of the file; the order of the entries stays
 * @param steps Steps of the writing; tests give steps that fail
 * @throws {GalleryError} when the file cannot be written. Then the old file is unchanged, and the
 * temporary file is removed
 */
export async function writeGalleryFile(
  path: string,
  content: GalleryFile,
  steps: GalleryFileSteps = STEPS,
): Promise<void> {
  const bytes = new TextEncoder().encode(formatGallery(content));
  try {
    const target = await Deno.realPath(path).catch(valueIfMissing(path));
    const present = await Deno.stat(target).catch(valueIfMissing(undefined));
    const temporary = join(dirname(target), `.${basename(target)}.${crypto.randomUUID()}.tmp`);
    try {
      {
        using file = await Deno.open(temporary, {
          write: true,
          createNew: true,
          mode: NEW_FILE_MODE,
        });
        await steps.write(file, bytes);
        await steps.sync(file);
      }
      if (present !== undefined) await copyOwnerAndMode(present, temporary);
      await steps.rename(temporary, target);
    } catch (error) {
      await Deno.remove(temporary).catch(() => {});
      throw error;
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GalleryError(`The gallery ${path} cannot be written: ${why}`, { cause });
  }
}

async function copyOwnerAndMode({ uid, gid, mode }: Deno.FileInfo, path: string): Promise<void> {
  const own = await Deno.stat(path);
  // Only root can change an owner. When root enrols somebody, the file must keep its owner:
  // otherwise a worker of that owner could no longer read its gallery.
  if (own.uid !== uid || own.gid !== gid) await Deno.chown(path, uid, gid).catch(() => {});
  if (mode !== null) await Deno.chmod(path, mode & 0o777);
}

function valueIfMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Deno.errors.NotFound) return value;
    throw error;
  };
}
