/** Gallery files: reading one that may not exist yet, and writing one whole or not at all. */

import { basename, dirname, join } from "node:path";
import {
  type GalleryEntry,
  GalleryError,
  nameFileInErrors,
  parseGalleryEntries,
} from "../../gallery/gallery_entry.ts";
import { formatGallery } from "./format_gallery.ts";

/** Embeddings are biometric data: a new file is its owner's alone. */
const NEW_FILE_MODE = 0o600;

/**
 * Reads the entries of a gallery file, their embeddings not looked at.
 *
 * @returns undefined when the file does not exist but its folder does
 * @throws {GalleryError} naming the file, when it is unreadable or no gallery, or has no folder
 */
export async function readGalleryFile(path: string): Promise<GalleryEntry[] | undefined> {
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
  return nameFileInErrors(path, () => parseGalleryEntries(json));
}

/** The steps of a write that can fail: a full disk, a failing disk, a folder that is gone. */
export interface GalleryFileSteps {
  /** Writes all bytes. */
  write(file: Deno.FsFile, bytes: Uint8Array): Promise<void>;
  /** Waits until they are on the disk. */
  sync(file: Deno.FsFile): Promise<void>;
  /** Puts the file into its place. */
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
 * Writes a gallery file: into a temporary file in the same folder, whose name begins with a dot, and
 * from there into its place. Whoever reads meanwhile finds the old file or the new one. A file that
 * exists keeps its mode and owner, and remains where a link leads; a new one is readable by its
 * owner alone.
 *
 * @param path Where; its folder exists
 * @param entries What, in this order
 * @param steps Other ways to write, for tests
 * @throws {GalleryError} when it cannot be written: the old file is intact then, and no temporary
 * file is left
 */
export async function writeGalleryFile(
  path: string,
  entries: readonly GalleryEntry[],
  steps: GalleryFileSteps = STEPS,
): Promise<void> {
  const bytes = new TextEncoder().encode(formatGallery(entries));
  try {
    const target = await Deno.realPath(path).catch(ifMissing(path));
    const present = await Deno.stat(target).catch(ifMissing(undefined));
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
      if (present !== undefined) await inherit(temporary, present);
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

/** Gives a file the owner and the mode of the one that it replaces. */
async function inherit(path: string, { uid, gid, mode }: Deno.FileInfo): Promise<void> {
  const own = await Deno.stat(path);
  // Only root may give a file away: a worker under another account can then still read its gallery.
  if (own.uid !== uid || own.gid !== gid) await Deno.chown(path, uid, gid).catch(() => {});
  if (mode !== null) await Deno.chmod(path, mode & 0o777);
}

function ifMissing<Value>(value: Value): (error: unknown) => Value {
  return (error) => {
    if (error instanceof Deno.errors.NotFound) return value;
    throw error;
  };
}
