/** Measures whether a face looks like a live one. docs/accuracy.md says how little this tells. */

import { ModelError, type Session } from "../inference/session.ts";
import type { Size } from "./detect.ts";
import type { Box, RgbImage } from "./image.ts";
import { resample } from "./resample.ts";

const INPUT_SIZE = 128;
const INPUT_SHAPE = [1, 3, INPUT_SIZE, INPUT_SIZE] as const;
/** The network takes the values of the pixels as they are. */
const INPUT_RANGE = { mean: 0, scale: 1 } as const;
/** The network was trained on crops that are this many times as large as the face's box. */
const CROP_SCALE = 2.7;
/** Live face, face on a screen, face on paper. */
const CLASSES = 3;

/**
 * Returns the network's score that the face in the box is live, 0 to 1. It is a hint, and no proof.
 */
export type LivenessMeter = (image: RgbImage, box: Box) => Promise<number>;

/**
 * Makes a meter from a MiniFASNet: input BGR, 0 to 255, [1, 3, 128, 128]; output [1, 3], of which
 * class 0 is "live".
 *
 * @throws {ModelError} when the session's shapes are not these
 */
export function createLivenessMeter(session: Session): LivenessMeter {
  const [output] = session.outputs;
  if (
    session.input.shape.join() !== INPUT_SHAPE.join() || session.outputs.length !== 1 ||
    output?.shape.join() !== [1, CLASSES].join()
  ) {
    throw new ModelError("The liveness model's shapes are not [1,3,128,128] to [1,3]");
  }
  return async (image, box) => {
    const rgb = await resample(image, cropAround(box, image), INPUT_SIZE, INPUT_SIZE, INPUT_RANGE);
    const [logits] = await session.run(toBgr(rgb), INPUT_SHAPE);
    return softmax(logits!)[0]!;
  };
}

/**
 * Returns the crop around a face: CROP_SCALE times the box, or as much of that as fits into the
 * picture, shifted so that it lies inside.
 */
export function cropAround(box: Box, { width, height }: Size): Box {
  const boxWidth = Math.max(box.right - box.left, 1), boxHeight = Math.max(box.bottom - box.top, 1);
  const scale = Math.min(CROP_SCALE, width / boxWidth, height / boxHeight);
  const place = (from: number, to: number, side: number, limit: number) => {
    const size = Math.min(Math.max(Math.floor(side * scale), 1), limit);
    const start = Math.floor((from + to) / 2 - side * scale / 2);
    return { start: Math.min(Math.max(start, 0), limit - size), size };
  };
  const x = place(box.left, box.right, boxWidth, width);
  const y = place(box.top, box.bottom, boxHeight, height);
  return { left: x.start, top: y.start, right: x.start + x.size, bottom: y.start + y.size };
}

function toBgr(rgb: Float32Array): Float32Array {
  const plane = rgb.length / 3;
  const bgr = new Float32Array(rgb.length);
  for (let c = 0; c < 3; c++) bgr.set(rgb.subarray(c * plane, (c + 1) * plane), (2 - c) * plane);
  return bgr;
}

function softmax(logits: Float32Array): number[] {
  const most = Math.max(...logits);
  const powers = [...logits].map((logit) => Math.exp(logit - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
