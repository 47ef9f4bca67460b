/** Finds models of the manifest by their sha256. */

import { MODEL_MANIFEST, recognitionName, sumsOf } from "./manifest.ts";

/** A model of the manifest. */
export interface KnownModel {
  /** Name of the package that contains the model, its version, and the file in it. */
  readonly name: string;
  readonly licence: string;
}

/** Returns the model that the file with this sha256 contains; undefined when it is not known. */
export function findKnownModel(sha256: string): KnownModel | undefined {
  const { models, sources, liveness } = MODEL_MANIFEST;
  const { detector, landmarks, recognition } = models;
  const own = Object.values(recognition).find((model) => sumsOf(model).includes(sha256));
  const file = own ?? [detector, landmarks, liveness]
    .find((file) => file.sha256 === sha256 || file.prepared_sha256 === sha256);
  if (file === undefined) return undefined;
  const { package: name, version, licence } = sources[file.source];
  return { name: `${name} ${version}, ${file.path}`, licence: own?.licence ?? licence };
}

/**
 * True when two files contain the same recognition model, so that their embeddings can be compared:
 * the same file, or a file of the manifest and the files that are or were prepared of it.
 */
export function isSameModel(sha256: string, other: string): boolean {
  return canonicalModel(sha256) === canonicalModel(other);
}

/**
 * Returns the same sha256 for all files with the same recognition model: that of the published file
 * for a model of the manifest, and otherwise the file's own.
 */
export function canonicalModel(sha256: string): string {
  const name = recognitionName(sha256);
  return name === undefined ? sha256 : MODEL_MANIFEST.models.recognition[name].sha256;
}

/**
 * Returns the sha256 by which the gallery service names the model in this file. All files that are or
 * were prepared of one published file have one name, that of the first of them: galleries of every
 * version know it, and it does not change with the next prepared file. Any other file has its own.
 */
export function galleryModel(sha256: string): string {
  const name = recognitionName(sha256);
  if (name === undefined) return sha256;
  const model = MODEL_MANIFEST.models.recognition[name];
  return sha256 === model.sha256 ? sha256 : model.earlier_prepared_sha256[0] ?? sha256;
}

/** Returns the sha256 of each file that has the same recognition model as this one. */
export function filesOfModel(sha256: string): string[] {
  const name = recognitionName(sha256);
  return name === undefined ? [sha256] : sumsOf(MODEL_MANIFEST.models.recognition[name]);
}

/**
 * Describes a recognition model for people: its name and its name for `--recognition`, when it is
 * known, and its sha256. An example is `SFace ("sface", sha256 d852510c…)`.
 */
export function describeRecognitionModel(sha256: string): string {
  const name = recognitionName(sha256);
  if (name === undefined) return `an unknown model (sha256 ${sha256})`;
  const model = MODEL_MANIFEST.models.recognition[name];
  return `${model.name} ("${name}", sha256 ${sha256})`;
}
