/** Rewrites a gallery file in the compact form. */

import {
  type CompactEntry,
  entryLabel,
  type GalleryEntry,
  GalleryError,
  isCompact,
  nameFileInErrors,
} from "../../gallery/gallery_entry.ts";
import { readGalleryFile, writeGalleryFile } from "./gallery_file.ts";
import { lockGallery } from "./gallery_lock.ts";
import { toInt8 } from "./to_int8.ts";

/**
 * Rounds the embeddings of a gallery file to bytes. Does not write a file that is already compact.
 *
 * @param path Path of the gallery file
 * @returns The number of templates that were rounded
 * @throws {GalleryError} when the file does not exist, is not a gallery or cannot be written, or
 * when an embedding is zero or has a value that is not a finite number. Then the file does
 * not change
 */
export async function compactGalleryFile(path: string): Promise<number> {
  await using _lock = await lockGallery(path);
  const content = await readGalleryFile(path);
  if (content === undefined) throw new GalleryError(`The gallery ${path} does not exist`);
  const { entries } = content;
  const compact = nameFileInErrors(path, () => entries.map(compactEntry));
  const rounded = compact.filter((entry, i) => entry !== entries[i]).length;
  if (rounded > 0) await writeGalleryFile(path, { ...content, entries: compact });
  return rounded;
}

function compactEntry(entry: GalleryEntry, index: number): CompactEntry {
  if (isCompact(entry)) return entry;
  const { user_id, name, embedding } = entry;
  const isUsable = embedding.every((value) => Number.isFinite(value)) &&
    embedding.some((x) => x !== 0);
  if (!isUsable) {
    throw new GalleryError(
      `Gallery ${entryLabel(index, user_id)}: the embedding is zero or has a value that is not a ` +
        "finite number",
    );
  }
  return { user_id, name, embedding_int8: toInt8(embedding) };
}
