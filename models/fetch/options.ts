/** Reads the command line of `deno task models`. */

import { parseArgs } from "node:util";
import { RECOGNITION_NAMES, type RecognitionName } from "../manifest.ts";

/** Options of the command. */
export interface ModelsOptions {
  /** Path of the folder; undefined: the folder of the checkout. */
  readonly folder: string | undefined;
  /** undefined: the recognition model in the folder stays. */
  readonly recognition: RecognitionName | undefined;
  /** Path of a wheel that was downloaded before. */
  readonly wheel: string | undefined;
  /** True to fetch the liveness model, too. */
  readonly liveness: boolean;
}

/** Line that shows how to run the command. */
export const USAGE = `Usage: deno task models [--recognition ${
  RECOGNITION_NAMES.join("|")
}] [--wheel FILE] [--liveness] [FOLDER]`;

/** Returns the options; undefined when the command line is wrong. */
export function readModelsOptions(args: readonly string[]): ModelsOptions | undefined {
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
    if (recognition !== values.recognition || positionals.length > 1) return undefined;
    const { wheel, liveness } = values;
    return { folder: positionals[0], recognition, wheel, liveness };
  } catch {
    return undefined;
  }
}
