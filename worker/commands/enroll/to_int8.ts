/** Rounds embeddings for the compact form of gallery files. */

/**
 * Rounds an embedding to signed bytes. The number with the largest magnitude becomes ±127.
 *
 * @param embedding Finite numbers of any scale, not all zero
 * @returns One signed byte for each number of `embedding`
 */
export function toInt8(embedding: ArrayLike<number>): Int8Array {
  let largest = 0;
  for (let i = 0; i < embedding.length; i++) largest = Math.max(largest, Math.abs(embedding[i]!));
  return Int8Array.from(embedding, (value) => Math.round((value / largest) * 127));
}
