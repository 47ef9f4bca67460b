/** Loads everything that a worker needs to answer: models, gallery and score. */

import { chooseScore } from "../matching/score.ts";
import { findKnownModel } from "../models/known_models.ts";
import { createAuthenticator } from "./authenticator.ts";
import type { Recognition } from "./app.ts";
import { describeModels } from "./describe_models.ts";
import type { WorkerModels } from "../shared/contract/models_in_use.ts";
import type { WorkerConfig } from "./config.ts";
import { createFaceEmbedder } from "./face_embedder.ts";
import { loadGallery } from "./gallery/load_gallery.ts";
import { loadModels } from "./models.ts";
import { createPipeline } from "./pipeline/pipeline.ts";

/** A loaded worker, and the numbers for its log. */
export interface StartedWorker {
  readonly recognition: Recognition;
  /** Name of the recognition model; its sha256 when it is not in the manifest. */
  readonly model: string;
  readonly models: WorkerModels;
  /** The gallery; missing when the gallery service holds it. */
  readonly gallery?: LoadedCounts;
}

/** Numbers of a loaded gallery. */
export interface LoadedCounts {
  /** Paths of gallery files that do not name the model that made their templates. */
  readonly withoutModel: readonly string[];
  readonly users: number;
  readonly templates: number;
}

/**
 * Loads and checks all parts, and warms up the networks. The start fails when a part is missing or
 * wrong; no default replaces it.
 *
 * @throws {ModelError | GalleryError | NotCalibratedError} naming the part that is missing or wrong
 */
export async function startWorker(config: WorkerConfig): Promise<StartedWorker> {
  const { models, checksums, calibration, quality } = await loadModels(config.modelPaths);
  const held = config.gallery;
  const rule = held && { match: held.match, score: chooseScore(held.match.on, calibration) };
  const pipeline = await createPipeline(models, {
    maxPixels: config.maxImagePixels,
    quality,
    turnUpright: true,
    acceptUnclearProbes: config.acceptUnclearProbes,
  });
  await pipeline.warmUp();
  const worker = {
    model: findKnownModel(checksums.recognition)?.name ?? checksums.recognition,
    models: describeModels({ checksums, calibration }, rule),
  };
  if (held === undefined || rule === undefined) {
    return { ...worker, recognition: { kind: "embed", embed: createFaceEmbedder(pipeline) } };
  }
  // The gallery is loaded last. Reading it takes 30 MB for 2,000 users, and the process gives this
  // memory back only in this order.
  const { gallery, withoutModel } = await loadGallery(held.embeddingsPath, {
    dimension: pipeline.dimension,
    sha256: checksums.recognition,
  });
  const authenticate = createAuthenticator({
    pipeline,
    gallery,
    score: rule.score,
    threshold: held.match.threshold,
  });
  return {
    ...worker,
    recognition: { kind: "authenticate", authenticate },
    gallery: { withoutModel, users: gallery.users.length, templates: gallery.size },
  };
}
