/** Describes the recognition model of this checkout. */

import { MODEL_MANIFEST, type RecognitionModel, recognitionName } from "../../models/manifest.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { sha256 } from "../../shared/sha256.ts";

const name = recognitionName(await sha256(await Deno.readFile(LOCAL_PATHS.recognition)));
if (name === undefined) {
  throw new Error(`${LOCAL_PATHS.recognition} is not in the manifest: run "deno task models"`);
}

/**
 * Name of the recognition model that the tests run with. `deno task models --recognition` changes
 * it; all tests must pass with each model.
 */
export const CHECKOUT_MODEL_NAME = name;

/** Entry of this model in the manifest. */
export const CHECKOUT_MODEL: RecognitionModel = MODEL_MANIFEST.models.recognition[name];
