/** Reads the command line of `deno task models`. */

import { parseArgs } from "node:util";
import { RECOGNITION_NAMES, type RecognitionName } from "../manifest.ts";

/** Options of the command. */
export interface ModelsOptions {
  /** Path of the folder; undefined: the folder of the checkout. */
  readonly folder: string | undefined;
  /** undefined: the recognition model in the folder stays. */
  readonly recognition: RecognitionName | undefined;
  /** Path of a wheel that was downloaded before. Given only with the model that comes in it. */
  readonly wheel: string | undefined;
  /** True to fetch the liveness model, too. */
  readonly liveness: boolean;
}

/** Line that shows how to run the command. */
export const USAGE = `Usage: deno task models [--recognition ${
  RECOGNITION_NAMES.join("|")
}] [--wheel FILE] [--liveness] [FOLDER]`;

/** Returns the options, or a sentence without a period that says what is wrong. */
export function readModelsOptions(args: readonly string[]): ModelsOptions | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        recognition: { type: "string" },
        wheel: { type: "string" },
        liveness: { type: "boolean", default: false },
      },
      allowPositionals: true,
    });
    const recognition = RECOGNITION_NAMES.find((name) => name === values.recognition);
    if (recognition !== values.recognition) {
      return `--recognition must be ${RECOGNITION_NAMES.join(" or ")}`;
    }
    if (positionals.length > 1) return "Only one FOLDER can be given";
    const { wheel, liveness } = values;
    if (wheel !== undefined && recognition !== "sface") {
      return "--wheel FILE has the model SFace: use it with --recognition sface";
    }
    return { folder: positionals[0], recognition, wheel, liveness };
  } catch {
    return "There is an unknown option, or a value is missing";
  }
}
