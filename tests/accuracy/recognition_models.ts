/** Finds the recognition models in this checkout, and what is expected of each. */

import { dirname, join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";

/** Highest FRR, in which each person counts alike, at a measured FMR. */
export interface Goals {
  readonly at1in1000: number;
  readonly at1in10000: number;
  readonly at1in100000: number;
}

/** A recognition model. */
export interface RecognitionModel {
  readonly name: string;
  readonly path: string;
  readonly goals: Goals;
}

const GOALS = {
  default: { at1in1000: 0.025, at1in10000: 0.049, at1in100000: 0.095 },
  SFace: { at1in1000: 0.013, at1in10000: 0.022, at1in100000: 0.04 },
} as const satisfies Readonly<Record<string, Goals>>;

/** Returns the recognition models that are present. */
export function recognitionModels(): RecognitionModel[] {
  const folder = dirname(LOCAL_PATHS.recognition);
  return Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => name.startsWith("face_recognition") && name.endsWith(".onnx"))
    .sort()
    .map((file) => {
      const name = /sface/i.test(file) ? "SFace" : "default";
      return { name, path: join(folder, file), goals: GOALS[name] };
    });
}
