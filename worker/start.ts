/** Loads all that a worker needs to answer: models, gallery, score. */

import { type Authenticator, chooseScore, createAuthenticator } from "./authenticator.ts";
import type { WorkerConfig } from "./config.ts";
import { loadGallery } from "./gallery/load_gallery.ts";
import { loadModels } from "./models.ts";
import { createPipeline } from "./pipeline/pipeline.ts";

/** A loaded worker, and what its log says of it. */
export interface StartedWorker {
  readonly authenticator: Authenticator;
  readonly users: number;
  readonly templates: number;
}

/**
 * Loads and checks everything, and runs the networks once. There is no placeholder: whatever is
 * missing or wrong ends the start.
 *
 * @throws {ModelError | GalleryError | NotCalibratedError} naming what is missing or wrong
 */
export async function startWorker(config: WorkerConfig): Promise<StartedWorker> {
  const { models, calibration } = await loadModels(config.modelPaths);
  const score = chooseScore(config.match.on, calibration);
  const pipeline = await createPipeline(models, { maxPixels: config.maxImagePixels });
  await pipeline.warmUp();
  // Last: what reading it took, 30 MB for 2,000 users, is given back then, and kept otherwise.
  const gallery = await loadGallery(config.embeddingsPath, pipeline.dimension);
  return {
    authenticator: createAuthenticator({
      pipeline,
      gallery,
      score,
      threshold: config.match.threshold,
    }),
    users: gallery.users.length,
    templates: gallery.size,
  };
}
