/** The floor of every request: the three networks alone, on inputs that are ready. */

import { seededRandom } from "../../support/seeded_random.ts";
import { openSession } from "../../../worker/inference/session.ts";
import type { PipelineModels } from "../../../worker/pipeline/pipeline.ts";

/** The networks, opened. */
export interface BareNetworks extends AsyncDisposable {
  /** Runs each once. */
  run(): Promise<void>;
}

/** Opens the networks as a worker does. */
export async function openBareNetworks(models: PipelineModels): Promise<BareNetworks> {
  const sessions = new AsyncDisposableStack();
  const open = async (bytes: Uint8Array, label: string, shape: readonly number[]) => {
    const session = sessions.use(await openSession(bytes, label));
    const input = noise(shape.reduce((product, size) => product * size, 1));
    return () => session.run(input, shape);
  };
  const runs = [
    await open(models.detector, "face detection", [1, 3, 240, 320]),
    await open(models.landmarks, "landmark", [1, 1, 64, 64]),
    await open(models.recognition, "recognition", [1, 3, 112, 112]),
  ];
  return {
    async run() {
      for (const run of runs) await run();
    },
    [Symbol.asyncDispose]: () => sessions.disposeAsync(),
  };
}

/** Values as pictures have them: networks take their time on zeros, or less. */
function noise(length: number): Float32Array {
  const random = seededRandom(1);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}
