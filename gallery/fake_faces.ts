/** Faces for tests: embeddings with chosen similarities. */

import { MODEL } from "../tests/support/gallery_store.ts";
import { normalize } from "../matching/vector.ts";

/** Number of numbers in an embedding. */
const DIMENSION = 32;

/** Returns the face of a person. The faces of two persons have a cosine of 0. */
export function face(person: number): Float32Array {
  const embedding = new Float32Array(DIMENSION);
  embedding[person] = 1;
  return embedding;
}

/** Returns a face that has the given cosines with the faces of persons. */
export function faceNear(cosines: Readonly<Record<number, number>>): Float32Array {
  const embedding = new Float32Array(DIMENSION);
  let square = 0;
  for (const [person, cosine] of Object.entries(cosines)) {
    embedding[Number(person)] = cosine;
    square += cosine * cosine;
  }
  embedding[DIMENSION - 1] = Math.sqrt(Math.max(0, 1 - square));
  return normalize(embedding);
}

/** Returns the claims of a template. Equal numbers are equal photos. */
export function photo(number: number): { readonly model: string; readonly photo_sha256: string } {
  return { model: MODEL, photo_sha256: number.toString(16).padStart(64, "0") };
}

export { MODEL };
