/** Computes the embedding of the one face in a picture: decode, detect, align, embed. */

import type { QualityBounds } from "../../models/calibration.ts";
import { pictureProblem } from "../../shared/contract/picture_problem.ts";
import { ModelError, openSession } from "../inference/session.ts";
import { ALIGNED_POINTS, alignFace } from "./align.ts";
import { decode, type DecodedPicture, type DecodeLimits } from "./decode.ts";
import { chooseFace, createFaceDetector } from "./detect.ts";
import { createEmbedder } from "./embed.ts";
import { type Box, clipBox } from "./image.ts";
import { createLivenessMeter } from "./liveness.ts";
import { createLandmarkFinder, type FivePoints, type QuarterTurns } from "./landmarks.ts";
import { type FaceQuality, findQualityFault, measureShape, TURNED_FACTOR } from "./quality.ts";
import sharp from "../safe_sharp.ts";

/** The content of the ONNX files. */
export interface PipelineModels {
  /** Network that finds faces: see {@linkcode createFaceDetector}. */
  readonly detector: Uint8Array;
  /** Network that finds 68 points of a face: see {@linkcode createLandmarkFinder}. */
  readonly landmarks: Uint8Array;
  /** Network that computes embeddings: see {@linkcode createEmbedder}. */
  readonly recognition: Uint8Array;
  /** Network that measures liveness: see {@linkcode createLivenessMeter}. Without it, none is measured. */
  readonly liveness?: Uint8Array;
}

/** Settings of {@linkcode createPipeline}. */
export interface PipelineOptions extends DecodeLimits {
  /** Threads for each network; 1 by default. */
  readonly threads?: number;
  /** Bounds of a face's quality. Without them, every face is accepted; its quality is measured. */
  readonly quality?: QualityBounds;
  /** True to accept a face that is unclear, but not one that is turned (default: false). */
  readonly acceptUnclear?: boolean;
}

/** The one face of a picture. */
export interface RecognizedFace {
  /** In pixels of the upright picture, clipped at the picture's edge. */
  readonly box: Box;
  /** The points that were used to align the face, in pixels of the upright picture. */
  readonly points: FivePoints;
  /** Embedding, length {@linkcode Pipeline.dimension}, L2-normalised. */
  readonly embedding: Float32Array;
  /** Measures that tell how well the face was seen. */
  readonly quality: FaceQuality;
  /** Liveness score, 0 to 1; missing when none is measured. */
  readonly liveness?: number;
}

/** The recognition pipeline; it takes one picture at a time. */
export interface Pipeline extends AsyncDisposable {
  /** Length of an embedding. */
  readonly dimension: number;
  /**
   * Decodes a picture, finds the one face in it and embeds it.
   *
   * @param picture The bytes of a picture of one of IMAGE_TYPES
   * @throws {Problem} `unsupported_media_type`, `payload_too_large`, `invalid_image`, `no_face`,
   * `multiple_faces` or `face_too_small`; with bounds of the quality also `face_not_upright` or
   * `face_unclear`
   */
  recognize(picture: Uint8Array): Promise<RecognizedFace>;
  /**
   * Runs every step on a gray picture, so that the first request is as fast as later ones.
   *
   * @throws {ModelError} when the recognition model's output has another length than the model
   * declares
   */
  warmUp(): Promise<void>;
}

/**
 * Loads the networks.
 *
 * @throws {ModelError} when a network cannot be loaded or has the wrong shapes
 */
export async function createPipeline(
  models: PipelineModels,
  options: PipelineOptions,
): Promise<Pipeline> {
  const threads = { threads: options.threads ?? 1 };
  await using opened = new AsyncDisposableStack();
  // Waits for all. When one fails, the other sessions must also be released.
  const results = await Promise.allSettled([
    openSession(models.detector, "face detection", threads),
    openSession(models.landmarks, "landmark", threads),
    openSession(models.recognition, "recognition", threads),
    ...(models.liveness ? [openSession(models.liveness, "liveness", threads)] : []),
  ]);
  for (const result of results) if (result.status === "fulfilled") opened.use(result.value);
  const [detection, landmarks, recognition, liveness] = results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  const detect = createFaceDetector(detection!);
  const findLandmarks = createLandmarkFinder(landmarks!);
  const embedder = createEmbedder(recognition!);
  const measureLiveness = liveness && createLivenessMeter(liveness);
  /** Turns only faces that are refused, so the gate costs an accepted face nothing. */
  const checkQuality = async (
    image: DecodedPicture,
    box: Box,
    quality: FaceQuality,
    bounds: QualityBounds,
  ) => {
    const fault = findQualityFault(quality, bounds);
    if (fault === undefined) return;
    if (fault === "face_not_upright" || await isLongerTurned(image, box, quality)) {
      throw pictureProblem("face_not_upright");
    }
    if (!options.acceptUnclear) throw pictureProblem("face_unclear");
  };
  const isLongerTurned = async (image: DecodedPicture, box: Box, quality: FaceQuality) => {
    // When unclear faces are accepted, only this check refuses turned ones.
    const factor = options.acceptUnclear ? 1 : TURNED_FACTOR;
    for (const turns of TURNS) {
      const { points } = await findLandmarks(image, box, turns);
      const { length } = await embedder.embed(await alignFace(image, points));
      if (length > quality.embeddingLength * factor) return true;
    }
    return false;
  };
  const sessions = opened.move();
  return {
    dimension: embedder.dimension,
    async recognize(picture) {
      const image = await decode(picture, options);
      const { box } = chooseFace(await detect(image), image);
      const { points, lookDistance } = await findLandmarks(image, box);
      const { embedding, length } = await embedder.embed(await alignFace(image, points));
      const quality = { ...measureShape(points), lookDistance, embeddingLength: length };
      if (options.quality !== undefined) await checkQuality(image, box, quality, options.quality);
      const face = { ...scaleToOriginal(image, box, points), embedding, quality };
      return measureLiveness ? { ...face, liveness: await measureLiveness(image, box) } : face;
    },
    async warmUp() {
      const picture = await grayJpeg();
      for (let run = 0; run < WARM_UP_RUNS; run++) {
        const image = await decode(picture, { maxPixels: WARM_UP_SIZE ** 2 });
        await detect(image);
        await findLandmarks(image, { left: 0, top: 0, right: image.width, bottom: image.height });
        await measureLiveness?.(image, { left: 50, top: 50, right: 150, bottom: 150 });
        const { embedding } = await embedder.embed(await alignFace(image, ALIGNED_POINTS));
        const { length } = embedding;
        if (length !== embedder.dimension) {
          throw new ModelError(
            `The recognition model gives ${length} numbers instead of ${embedder.dimension}`,
          );
        }
      }
    },
    [Symbol.asyncDispose]: () => sessions.disposeAsync(),
  };
}

/** Converts a face from pixels of the shrunk picture to pixels of the original picture. */
function scaleToOriginal(
  { width, height, original }: DecodedPicture,
  { left, top, right, bottom }: Box,
  points: FivePoints,
): Pick<RecognizedFace, "box" | "points"> {
  const x = original.width / width, y = original.height / height;
  const box = { left: left * x, top: top * y, right: right * x, bottom: bottom * y };
  const scaled = points.map((point) => [
    (point[0] + 0.5) * x - 0.5,
    (point[1] + 0.5) * y - 0.5,
  ]) as unknown as FivePoints;
  return { box: clipBox(box, original.width, original.height), points: scaled };
}

/** Quarter turns of a face that may not be upright. Photos on their side are the most frequent. */
const TURNS: readonly QuarterTurns[] = [1, 3, 2];
/** After two runs, a request takes half as long as after none. A third costs more than it saves. */
const WARM_UP_RUNS = 2;
/** Width and height of the warm-up picture, in pixels. A real picture takes about as much work. */
const WARM_UP_SIZE = 250;

function grayJpeg(): Promise<Uint8Array> {
  return sharp({
    create: { width: WARM_UP_SIZE, height: WARM_UP_SIZE, channels: 3, background: "gray" },
  }).jpeg().toBuffer();
}
