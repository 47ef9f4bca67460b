/** Makes bad photos from accepted ones and looks at them with the pipeline. */

import sharp from "../safe_sharp.ts";
import { Problem } from "../../shared/contract/problem.ts";
import type { Progress } from "../../shared/progress.ts";
import type { Point } from "../pipeline/image.ts";
import type { FivePoints } from "../pipeline/landmarks.ts";
import type { Pipeline, RecognizedFace } from "../pipeline/pipeline.ts";
import type { EmbeddedPhotos } from "./embed_photos.ts";
import type { FaceInPhoto, Fault } from "./faults.ts";

/** Longest side of a photo to which faults are added. Larger photos are shrunk: this saves time. */
const MAX_SIDE_PX = 1_000;

/** Settings of {@linkcode spoilPhotos}. */
export interface SpoilOptions {
  /** Shows the number of bad photos that are done. */
  readonly progress: Progress;
  /** Label of the progress, such as "Turning photos". */
  readonly label: string;
}

/**
 * The faces of each person's bad photos, in the order of the good photos. undefined: the pipeline
 * refused the bad photo, or the good photo was refused.
 */
export type SpoiledFaces = readonly (readonly (RecognizedFace | undefined)[])[];

/**
 * Adds each fault to each accepted photo, and looks for the faces of the results.
 *
 * @param pipeline Pipeline without bounds of the quality
 * @param people Result of `embedPhotos`
 * @param faults Faults to add, one at a time
 * @param options Display of the progress
 * @returns The faces for each fault, in the order of `faults`
 * @throws any error of the pipeline that is not a Problem
 */
export async function spoilPhotos(
  pipeline: Pick<Pipeline, "recognize">,
  people: EmbeddedPhotos["people"],
  faults: readonly Fault[],
  { progress, label }: SpoilOptions,
): Promise<SpoiledFaces[]> {
  const accepted = people.flat().filter(({ face }) => face !== undefined).length;
  using task = progress.start(label, accepted * faults.length, "photos");
  const results = faults.map((): (RecognizedFace | undefined)[][] => people.map(() => []));
  for (const [person, photos] of people.entries()) {
    for (const { path, face } of photos) {
      const good = face && await shrinkPhoto(await Deno.readFile(path), face);
      for (const [i, fault] of faults.entries()) {
        results[i]![person]!.push(good && await recognizeSpoiled(pipeline, good, fault));
        if (good !== undefined) task.advance(1);
      }
    }
  }
  task.end();
  return results;
}

async function recognizeSpoiled(
  pipeline: Pick<Pipeline, "recognize">,
  { photo, face }: { photo: Uint8Array; face: FaceInPhoto },
  fault: Fault,
): Promise<RecognizedFace | undefined> {
  try {
    return await pipeline.recognize(await fault.spoil(photo, face));
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

async function shrinkPhoto(
  photo: Uint8Array,
  { box, points }: FaceInPhoto,
): Promise<{ photo: Uint8Array; face: FaceInPhoto }> {
  const { width, height } = (await sharp(photo).metadata()).autoOrient;
  const scale = Math.min(MAX_SIDE_PX / Math.max(width, height), 1);
  if (scale === 1) return { photo, face: { box, points } };
  const small = sharp(photo).autoOrient()
    .resize(Math.round(width * scale), Math.round(height * scale), { fit: "fill" });
  return {
    photo: await small.png({ compressionLevel: 1 }).toBuffer(),
    face: {
      box: {
        left: box.left * scale,
        top: box.top * scale,
        right: box.right * scale,
        bottom: box.bottom * scale,
      },
      points: points.map(([x, y]): Point => [
        (x + 0.5) * scale - 0.5,
        (y + 0.5) * scale - 0.5,
      ]) as unknown as FivePoints,
    },
  };
}
