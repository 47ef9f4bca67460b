/** Finds models of the manifest by their sha256. */

import { MODEL_MANIFEST } from "./manifest.ts";

/** A model of the manifest. */
export interface KnownModel {
  /** Name of the package that contains the model, its version, and the file in it. */
  readonly name: string;
  readonly licence: string;
}

/** Returns the model that the file with this sha256 contains; undefined when it is not known. */
export function findKnownModel(sha256: string): KnownModel | undefined {
  const { models, source } = MODEL_MANIFEST;
  const file = Object.values(models).find((file) =>
    file.sha256 === sha256 || file.prepared_sha256 === sha256
  );
  if (file === undefined) return undefined;
  return { name: `${source.package} ${source.version}, ${file.path}`, licence: source.licence };
}

/**
 * True when two files contain the same recognition model, so that their embeddings can be compared:
 * the same file, or a file of the manifest and the file that is prepared of it.
 */
export function isSameModel(sha256: string, other: string): boolean {
  if (sha256 === other) return true;
  const { recognition } = MODEL_MANIFEST.models;
  const same = [recognition.sha256, recognition.prepared_sha256];
  return same.includes(sha256) && same.includes(other);
}
