/** Formats gallery files; worker/gallery/gallery_entry.ts parses them. */

import { type GalleryFile, isCompact } from "../../gallery/gallery_entry.ts";

/** A float32 does not have more digits. With these digits, a cosine changes by at most 1e-7. */
const SIGNIFICANT_DIGITS = 7;

/**
 * Formats the content of a gallery file: one line for each entry. An entry keeps its form, compact
 * or not. Numbers are written with 7 significant digits.
 */
export function formatGallery({ modelSha256, entries }: GalleryFile): string {
  const lines = entries.map((entry) => {
    const { user_id, name } = entry;
    if (!isCompact(entry)) {
      const embedding = entry.embedding.map((x) => Number(x.toPrecision(SIGNIFICANT_DIGITS)));
      return JSON.stringify({ user_id, name, embedding });
    }
    const { buffer, byteOffset, byteLength } = entry.embedding_int8;
    const embedding_int8 = new Uint8Array(buffer, byteOffset, byteLength).toBase64();
    return JSON.stringify({ user_id, name, embedding_int8 });
  });
  const model = modelSha256 === undefined ? "" : `"model_sha256":"${modelSha256}",`;
  const list = lines.length === 0 ? "[]" : `[\n${lines.join(",\n")}\n]`;
  return `{${model}"embeddings":${list}}\n`;
}
