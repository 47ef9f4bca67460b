/** Notices when the files of a gallery change. */

import { sha256 } from "../../shared/sha256.ts";
import { listGalleryFiles } from "./gallery_files.ts";

/** The files of a gallery, as they were found at first. */
export interface GalleryWatch {
  /** Fingerprint of the files at first. */
  readonly first: string;
  /** Returns the fingerprint of the files now. Opens no file. */
  look(): Promise<string>;
}

/**
 * Starts to watch a gallery. Call this before the gallery is loaded: then a change during the loading
 * is noticed, too.
 *
 * @param path A gallery file, or a folder of gallery files
 */
export async function watchGallery(path: string): Promise<GalleryWatch> {
  let listing: Listing = { folder: "", paths: [] };
  const look = async () => {
    listing = await list(path, listing);
    const states = await Promise.all(
      listing.paths.map(async (file) => `${file} ${await stateOf(file)}`),
    );
    return await sha256(new TextEncoder().encode(states.join("\n")));
  };
  return { first: await look(), look };
}

interface Listing {
  /** State of the folder before it was listed. */
  readonly folder: string;
  /** The paths whose states make the fingerprint. */
  readonly paths: readonly string[];
}

/**
 * Lists the files of a folder. The folder's own state does not count: it changes with every file,
 * also with the lock of an enrolment that writes nothing. It counts when the folder has changed and
 * cannot be listed.
 */
async function list(path: string, before: Listing): Promise<Listing> {
  const folder = await stateOf(path);
  try {
    return { folder, paths: await listGalleryFiles(path) };
  } catch {
    // The path is a file, or loading it will fail and say why.
    if (folder === before.folder) return before;
    return { folder, paths: [...new Set([path, ...before.paths])] };
  }
}

/** A replaced file has another inode number. A file that is written in place has another time. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtime, ctime } = await Deno.stat(path);
    return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(" ");
  } catch {
    return "missing";
  }
}
