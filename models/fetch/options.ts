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
}

/** Line that shows how to run the command. */
export const USAGE = `Usage: deno task models [--recognition ${
  RECOGNITION_NAMES.join("|")
}] [--wheel FILE] [FOLDER]`;

/** Returns the options; undefined when the command line is wrong. */
export function readModelsOptions(args: readonly string[]): ModelsOptions | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { recognition: { type: "string" }, wheel: { type: "string" } },
      allowPositionals: true,
    });
    const recognition = RECOGNITION_NAMES.find((name) => name === values.recognition);
    if (recognition !== values.recognition || positionals.length > 1) return undefined;
    return { folder: positionals[0], recognition, wheel: values.wheel };
  } catch {
    return undefined;
  }
}
