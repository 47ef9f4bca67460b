/** Notices when the files of a gallery change. */

import { join } from "node:path";
import { sha256 } from "../../shared/sha256.ts";

/** The files of a gallery, as they were found at first. */
export interface GalleryWatch {
  /** Fingerprint of the files at first. */
  readonly first: string;
  /** Returns the fingerprint of the files now. Opens no file and no folder. */
  look(): Promise<string>;
}

/**
 * Starts to watch a gallery. Call this before the gallery is loaded: then a change during the loading
 * is noticed, too.
 *
 * @param path A gallery file, or a folder of gallery files
 */
export async function watchGallery(path: string): Promise<GalleryWatch> {
  // A file that is added or removed later changes the folder itself.
  const paths = [path, ...await filesIn(path)];
  const look = async () => {
    const states = await Promise.all(paths.map(stateOf));
    return await sha256(new TextEncoder().encode(states.join("\n")));
  };
  return { first: await look(), look };
}

async function filesIn(path: string): Promise<string[]> {
  try {
    const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
    return names.filter((name) => name.endsWith(".json")).sort().map((name) => join(path, name));
  } catch {
    // The path is a file, or loading it will fail and say why.
    return [];
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
