/** Loads everything that a worker needs to answer: models, gallery and score. */

import { type Authenticator, chooseScore, createAuthenticator } from "./authenticator.ts";
import type { WorkerConfig } from "./config.ts";
import { loadGallery } from "./gallery/load_gallery.ts";
import { loadModels } from "./models.ts";
import { createPipeline } from "./pipeline/pipeline.ts";

/** A loaded worker, and the numbers for its log. */
export interface StartedWorker {
  readonly authenticator: Authenticator;
  /** Number of users in the gallery. */
  readonly users: number;
  /** Number of templates in the gallery. */
  readonly templates: number;
}

/**
 * Loads and checks everything, and warms the networks up. There are no placeholders: anything
 * missing or wrong ends the start.
 *
 * @throws {ModelError | GalleryError | NotCalibratedError} naming the part that is missing or wrong
 */
export async function startWorker(config: WorkerConfig): Promise<StartedWorker> {
  const { models, calibration } = await loadModels(config.modelPaths);
  const score = chooseScore(config.match.on, calibration);
  const pipeline = await createPipeline(models, { maxPixels: config.maxImagePixels });
  await pipeline.warmUp();
  // The gallery comes last. Reading it takes 30 MB for 2,000 users, and only in this order does the
  // process give that memory back.
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
