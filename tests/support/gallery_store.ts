/** Templates for tests of the gallery's store. */

import type { NewTemplate } from "../../gallery/store/store.ts";
import { normalize } from "../../matching/vector.ts";
import { seededRandom } from "./seeded_random.ts";

/** Identifies the model of {@linkcode newTemplate}. */
export const MODEL = "ab".repeat(32);

/** Returns a template of random numbers. Equal seeds and lengths make equal templates. */
export function newTemplate(seed: number, length = 128): NewTemplate {
  const random = seededRandom(seed);
  const photo = Uint8Array.from({ length: 32 }, () => random() * 256);
  const embedding = normalize(Float32Array.from({ length }, () => random() - 0.5));
  return { model: MODEL, photo, embedding };
}
