/** Runs only the three networks, on prepared inputs. No request can take less time. */

import { seededRandom } from "../../support/seeded_random.ts";
import type { ModelFile } from "../../../worker/inference/model_file.ts";
import { openSession } from "../../../worker/inference/session.ts";
import type { PipelineModels } from "../../../worker/pipeline/pipeline.ts";

/** The opened networks. */
export interface BareNetworks extends AsyncDisposable {
  /** Runs each network once. */
  run(): Promise<void>;
}

/** Opens the networks in the same way as a worker. */
export async function openBareNetworks(models: PipelineModels): Promise<BareNetworks> {
  await using opened = new AsyncDisposableStack();
  const open = async (
    model: ModelFile | Uint8Array,
    label: string,
    shape: readonly number[],
  ) => {
    const session = opened.use(await openSession(model, label));
    const input = noise(shape.reduce((product, size) => product * size, 1));
    return () => session.run(input, shape);
  };
  const runs = [
    await open(models.detector, "face detection", [1, 3, 240, 320]),
    await open(models.landmarks, "landmark", [1, 1, 64, 64]),
    await open(models.recognition, "recognition", [1, 3, 112, 112]),
  ];
  const sessions = opened.move();
  return {
    async run() {
      for (const run of runs) await run();
    },
    [Symbol.asyncDispose]: () => sessions.disposeAsync(),
  };
}

/** Returns random values in a picture's range. With only zeros, a network can take less time. */
function noise(length: number): Float32Array {
  const random = seededRandom(1);
  return Float32Array.from({ length }, () => 2 * random() - 1);
}
