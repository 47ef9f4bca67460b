/** Checks that a gallery file was made with the recognition model in use. */

import { describeRecognitionModel, isSameModel } from "../../models/known_models.ts";
import { recognitionName } from "../../models/manifest.ts";
import { GalleryError, type GalleryFile } from "./gallery_entry.ts";

/** The recognition model in use. */
export interface RecognitionModel {
  /** Length of an embedding. */
  readonly dimension: number;
  /** sha256 of the loaded file. */
  readonly sha256: string;
}

/**
 * Refuses a gallery file of another model. Its embeddings mean nothing to this model, also when they
 * have the same length.
 *
 * @returns True when the file has templates and does not name its model
 * @throws {GalleryError} when the file names another model
 */
export function checkGalleryModel(
  { modelSha256, entries }: GalleryFile,
  { sha256 }: Pick<RecognitionModel, "sha256">,
): boolean {
  if (modelSha256 === undefined) return entries.length > 0;
  if (!isSameModel(modelSha256, sha256)) {
    throw new GalleryError(
      "The gallery was made with another recognition model, " +
        `${describeRecognitionModel(modelSha256)}. Enrol everybody again with the model in use, ` +
        `${describeRecognitionModel(sha256)}, into a new file, or set MODEL_PATH to that model` +
        changeModel(modelSha256),
    );
  }
  return false;
}

/** Names the command that changes the model of a checkout, for a model that it can fetch. */
function changeModel(sha256: string): string {
  const name = recognitionName(sha256);
  return name === undefined ? "" : ` (in a checkout: deno task models --recognition ${name})`;
}
