/** Computes the cosines of all pairs of photos, in the cache of a processor. */

import type { Progress } from "../../../shared/progress.ts";

/** Photos in one block. The embeddings of two blocks fit into a processor's second cache. */
const BLOCK = 32;

/**
 * Calls `compare` once with the cosine of each two photos. Sums in double precision. Needs memory
 * for the photos, but not for their pairs.
 *
 * @param photos Embeddings of one length, L2-normalised
 * @param progress Shows the number of photos that are compared with all photos after them
 * @param compare Called with the indexes of both photos, the lower one first
 * @throws {RangeError} when the embeddings have several lengths
 */
export function compareInBlocks(
  photos: readonly Float32Array[],
  progress: Progress,
  compare: (first: number, second: number, cosine: number) => void,
): void {
  const dimension = photos[0]?.length ?? 0;
  const vectors = new Float32Array(photos.length * dimension);
  photos.forEach((photo, i) => {
    if (photo.length !== dimension) {
      throw new RangeError(`Embeddings of ${dimension} and ${photo.length} numbers are mixed`);
    }
    vectors.set(photo, i * dimension);
  });
  const inOrder = (i: number, j: number, cosine: number) => {
    if (i < j) compare(i, j, cosine);
  };
  using task = progress.start("Comparing photos", photos.length, "photos");
  for (let rows = 0; rows < photos.length; rows += BLOCK) {
    const lastRow = Math.min(rows + BLOCK, photos.length);
    for (let columns = rows; columns < photos.length; columns += BLOCK) {
      const lastColumn = Math.min(columns + BLOCK, photos.length);
      compareBlocks(vectors, dimension, [rows, lastRow], [columns, lastColumn], inOrder);
    }
    task.advance(lastRow - rows);
  }
  task.end();
}

/** Calls `compare` with the cosine of each photo of one block and each photo of another block. */
function compareBlocks(
  vectors: Float32Array,
  dimension: number,
  [rows, rowsEnd]: readonly [number, number],
  [columns, columnsEnd]: readonly [number, number],
  compare: (i: number, j: number, cosine: number) => void,
): void {
  for (let i = rows; i < rowsEnd; i += 2) {
    const a0 = i * dimension, a1 = Math.min(i + 1, rowsEnd - 1) * dimension;
    for (let j = columns; j < columnsEnd; j += 2) {
      const b0 = j * dimension, b1 = Math.min(j + 1, columnsEnd - 1) * dimension;
      // Two rows by two columns: each number that is read is used twice.
      let c00 = 0, c01 = 0, c10 = 0, c11 = 0;
      for (let k = 0; k < dimension; k++) {
        const x0 = vectors[a0 + k]!, x1 = vectors[a1 + k]!;
        const y0 = vectors[b0 + k]!, y1 = vectors[b1 + k]!;
        c00 += x0 * y0;
        c01 += x0 * y1;
        c10 += x1 * y0;
        c11 += x1 * y1;
      }
      compare(i, j, c00);
      if (j + 1 < columnsEnd) compare(i, j + 1, c01);
      if (i + 1 < rowsEnd) {
        compare(i + 1, j, c10);
        if (j + 1 < columnsEnd) compare(i + 1, j + 1, c11);
      }
    }
  }
}
