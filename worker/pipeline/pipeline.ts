/** Computes the embedding of the one face in a picture: decode, detect, align, embed. */

import type { QualityBounds } from "../../models/calibration.ts";
import { pictureProblem } from "../../shared/contract/picture_problem.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { freeAtEnd } from "../../shared/free_at_end.ts";
import type { ModelFile } from "../inference/model_file.ts";
import { ModelError, openSession } from "../inference/session.ts";
import { ALIGNED_POINTS, alignFace } from "./align.ts";
import { decode, type DecodedPicture, type DecodeLimits } from "./decode.ts";
import { chooseFace, createFaceDetector } from "./detect.ts";
import { createEmbedder } from "./embed.ts";
import { type Box, clipBox } from "./image.ts";
import { createLivenessMeter } from "./liveness.ts";
import { createLandmarkFinder, type FivePoints, type QuarterTurns } from "./landmarks.ts";
import { type FaceQuality, findQualityFault, measureShape, TURNED_FACTOR } from "./quality.ts";
import { turnBoxBack, turnPicture, turnPointBack } from "./turn_picture.ts";
import sharp from "../safe_sharp.ts";

/** The ONNX files, or their content. */
export interface PipelineModels {
  /** Network that finds faces: see {@linkcode createFaceDetector}. */
  readonly detector: ModelFile | Uint8Array;
  /** Network that finds 68 points of a face: see {@linkcode createLandmarkFinder}. */
  readonly landmarks: ModelFile | Uint8Array;
  /** Network that computes embeddings: see {@linkcode createEmbedder}. */
  readonly recognition: ModelFile | Uint8Array;
  /** Network that measures liveness: see {@linkcode createLivenessMeter}. Without it, none is measured. */
  readonly liveness?: ModelFile | Uint8Array;
}

/** Settings of {@linkcode createPipeline}. */
export interface PipelineOptions extends DecodeLimits {
  /** Threads for each network; 1 by default. */
  readonly threads?: number;
  /** Bounds of a face's quality. Without them, every face is accepted; its quality is measured. */
  readonly quality?: QualityBounds;
  /** True to accept a face that is unclear, but not one that is turned (default: false). */
  readonly acceptUnclear?: boolean;
  /** The same for probes alone, as opposed to templates (default: false). */
  readonly acceptUnclearProbes?: boolean;
  /**
   * True to turn a picture upright by quarter turns when its face would be refused otherwise, and
   * is good enough in the turned picture (default: false). Templates are never made like this.
   */
  readonly turnUpright?: boolean;
}

/** Settings of one call of {@linkcode Pipeline.recognize}. */
export interface RecognizeOptions {
  /** True when a template will be made of the embedding: the picture is not turned upright. */
  readonly forTemplate?: boolean;
}

/** The one face of a picture. */
export interface RecognizedFace {
  /** In pixels of the upright picture, clipped at the picture's edge. */
  readonly box: Box;
  /** The points that were used to align the face, in pixels of the upright picture. */
  readonly points: FivePoints;
  /** Embedding, length {@linkcode Pipeline.dimension}, L2-normalised. */
  readonly embedding: Float32Array;
  /** Measures that tell how well the face was seen, in the picture that was turned upright. */
  readonly quality: FaceQuality;
  /** Liveness score, 0 to 1; missing when none is measured. */
  readonly liveness?: number;
  /** True for a face that is unclear, and was accepted all the same. */
  readonly unclear?: true;
}

/** The recognition pipeline; it takes one picture at a time. */
export interface Pipeline extends AsyncDisposable {
  /** Length of an embedding. */
  readonly dimension: number;
  /**
   * Decodes a picture, finds the one face in it and embeds it.
   *
   * @param picture The bytes of a picture of one of IMAGE_TYPES
   * @param options Settings of this call
   * @throws {Problem} `unsupported_media_type`, `payload_too_large`, `invalid_image`, `no_face`,
   * `multiple_faces` or `face_too_small`; with bounds of the quality also `face_not_upright` or
   * `face_unclear`
   */
  recognize(picture: Uint8Array, options?: RecognizeOptions): Promise<RecognizedFace>;
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
  const embedAligned = async (image: DecodedPicture, points: FivePoints) => {
    const face = await alignFace(image, points);
    using _face = freeAtEnd(face);
    return await embedder.embed(face);
  };
  const see = async (image: DecodedPicture): Promise<SeenFace> => {
    const { box } = chooseFace(await detect(image), image);
    const { points, lookDistance } = await findLandmarks(image, box);
    const { embedding, length } = await embedAligned(image, points);
    const quality = { ...measureShape(points), lookDistance, embeddingLength: length };
    return { image, box, points, embedding, quality };
  };
  /** Returns the turns that make the embedding longest; undefined when no turn makes it longer. */
  const findTurns = async ({ image, box, quality }: SeenFace, acceptUnclear: boolean) => {
    // When unclear faces are accepted, only this check refuses turned ones.
    const factor = acceptUnclear ? 1 : TURNED_FACTOR;
    let longest = quality.embeddingLength * factor, best: QuarterTurns | undefined;
    for (const turns of TURNS) {
      const { points } = await findLandmarks(image, box, turns);
      const { length } = await embedAligned(image, points);
      if (length > longest) [longest, best] = [length, turns];
    }
    return best;
  };
  /** Returns the face of the turned picture; undefined when it is not seen well enough there. */
  const seeUpright = async (image: DecodedPicture, bounds: QualityBounds) => {
    try {
      const face = await see(image);
      return findQualityFault(face.quality, bounds) === undefined ? face : undefined;
    } catch (error) {
      if (error instanceof Problem) return undefined;
      throw error;
    }
  };
  /**
   * Returns the face when it is good enough, or the face of the picture that was turned upright.
   * Turns only faces that would be refused, so the gate costs an accepted face nothing.
   *
   * @param pixels Frees a turned picture at its end
   */
  const passGate = async (
    face: SeenFace,
    bounds: QualityBounds,
    forTemplate: boolean,
    pixels: DisposableStack,
  ): Promise<GatedFace> => {
    const acceptUnclear = options.acceptUnclear === true ||
      options.acceptUnclearProbes === true && !forTemplate;
    const turnUpright = options.turnUpright === true && !forTemplate;
    const fault = findQualityFault(face.quality, bounds);
    if (fault === undefined) return { face, turns: 0 };
    const turns = await findTurns(face, acceptUnclear);
    if (turns !== undefined && turnUpright) {
      const turned = await turnPicture(face.image, turns);
      pixels.use(freeAtEnd(turned.data));
      const upright = await seeUpright(turned, bounds);
      if (upright !== undefined) return { face: upright, turns };
    }
    if (fault === "face_not_upright" || turns !== undefined) {
      throw pictureProblem("face_not_upright");
    }
    if (!acceptUnclear) throw pictureProblem("face_unclear");
    return { face, turns: 0, unclear: true };
  };
  const sessions = opened.move();
  return {
    dimension: embedder.dimension,
    async recognize(picture, { forTemplate = false } = {}) {
      using pixels = new DisposableStack();
      const image = await decode(picture, options);
      pixels.use(freeAtEnd(image.data));
      const seen = await see(image);
      const { face, turns, unclear }: GatedFace = options.quality === undefined
        ? { face: seen, turns: 0 }
        : await passGate(seen, options.quality, forTemplate, pixels);
      const { embedding, quality } = face;
      const result = {
        ...scaleToOriginal(face, turns),
        embedding,
        quality,
        ...unclear && { unclear },
      };
      if (measureLiveness === undefined) return result;
      return { ...result, liveness: await measureLiveness(face.image, face.box) };
    },
    async warmUp() {
      // A second run would take longer than it saves the first request.
      const image = await decode(await grayJpeg(), { maxPixels: WARM_UP_SIZE ** 2 });
      await detect(image);
      await findLandmarks(image, { left: 0, top: 0, right: image.width, bottom: image.height });
      await measureLiveness?.(image, { left: 50, top: 50, right: 150, bottom: 150 });
      const { embedding } = await embedAligned(image, ALIGNED_POINTS);
      const { length } = embedding;
      if (length !== embedder.dimension) {
        throw new ModelError(
          `The recognition model gives ${length} numbers instead of ${embedder.dimension}`,
        );
      }
    },
    [Symbol.asyncDispose]: () => sessions.disposeAsync(),
  };
}

/** A face in a decoded picture. */
interface SeenFace {
  readonly image: DecodedPicture;
  /** In pixels of `image`, as the points. */
  readonly box: Box;
  readonly points: FivePoints;
  readonly embedding: Float32Array;
  readonly quality: FaceQuality;
}

/** A face, and the turns that made its picture upright. */
interface GatedFace {
  readonly face: SeenFace;
  readonly turns: QuarterTurns;
  readonly unclear?: true;
}

/** Converts a face from pixels of the shrunk, turned picture to pixels of the client's picture. */
function scaleToOriginal(
  { image: { width, height, original }, box, points }: SeenFace,
  turns: QuarterTurns,
): Pick<RecognizedFace, "box" | "points"> {
  const x = original.width / width, y = original.height / height;
  const { left, top, right, bottom } = box;
  const scaled = { left: left * x, top: top * y, right: right * x, bottom: bottom * y };
  return {
    box: turnBoxBack(clipBox(scaled, original.width, original.height), turns, original),
    points: points.map((point) =>
      turnPointBack([(point[0] + 0.5) * x - 0.5, (point[1] + 0.5) * y - 0.5], turns, original)
    ) as unknown as FivePoints,
  };
}

/** Quarter turns of a face that may not be upright. Photos on their side are the most frequent. */
const TURNS: readonly QuarterTurns[] = [1, 3, 2];
/** Width and height of the warm-up picture, in pixels. A real picture takes about as much work. */
const WARM_UP_SIZE = 250;

function grayJpeg(): Promise<Uint8Array> {
  return sharp({
    create: { width: WARM_UP_SIZE, height: WARM_UP_SIZE, channels: 3, background: "gray" },
  }).jpeg().toBuffer();
}
