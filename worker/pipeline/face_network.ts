/** Runs UltraFace (version-RFB-320) on a region of a picture. */

import { freeAtEnd } from "../../shared/free_at_end.ts";
import { ModelError, type Session } from "../inference/session.ts";
import { type Box, clipBox, type RgbImage } from "./image.ts";
import { resample } from "./resample.ts";

/** Width of the network's input, in pixels. */
export const INPUT_WIDTH = 320;
/** Height of the network's input, in pixels. */
export const INPUT_HEIGHT = 240;
const INPUT_SHAPE = [1, 3, INPUT_HEIGHT, INPUT_WIDTH] as const;
const INPUT_RANGE = { mean: 127, scale: 128 } as const;
const ANCHORS = 4420;

/** A detected face. */
export interface Face {
  /** In pixels of the picture; it can extend beyond the picture's edge. */
  readonly box: Box;
  /** Confidence of the network that this is a face, 0 to 1. */
  readonly score: number;
}

/** A region of a picture, and its size in the network's input. */
export interface View {
  /** Whole pixels inside the picture, at least 1 x 1. */
  readonly region: Box;
  /** Width of the region in the input, 1 to {@linkcode INPUT_WIDTH}. */
  readonly width: number;
  /** Height of the region in the input, 1 to {@linkcode INPUT_HEIGHT}. */
  readonly height: number;
}

/**
 * Finds faces in one view of a picture. A view that is smaller than the input lies in its middle,
 * on gray.
 *
 * @param minScore Lowest score of a face that is returned
 * @returns Faces in any order. One face of the picture can be there several times
 */
export type FaceNetwork = (image: RgbImage, view: View, minScore: number) => Promise<Face[]>;

/**
 * Makes a FaceNetwork from an UltraFace network: input [1, 3, 240, 320], outputs scores
 * [1, 4420, 2] (column 1 is "face") and boxes [1, 4420, 4] (left, top, right, bottom, each 0 to 1).
 *
 * @throws {ModelError} when the session's shapes are not these
 */
export function createFaceNetwork(session: Session): FaceNetwork {
  const [scores, boxes] = session.outputs;
  if (
    session.input.shape.join() !== INPUT_SHAPE.join() || session.outputs.length !== 2 ||
    scores?.shape.join() !== [1, ANCHORS, 2].join() ||
    boxes?.shape.join() !== [1, ANCHORS, 4].join()
  ) {
    throw new ModelError(
      "The face detection model's shapes are not those of UltraFace 320x240: " +
        "[1,3,240,320] to [1,4420,2] and [1,4420,4]",
    );
  }
  // To get new memory for each picture takes as much time as to resize the picture.
  let spare: Memory | undefined;
  return async (image, view, minScore) => {
    const { region, width, height } = view;
    const memory = spare ?? { pixels: newInput() };
    // Until this call ends, another one takes memory of its own.
    spare = undefined;
    const place = memory.pixels.subarray(0, 3 * height * width);
    const pixels = await resample(image, region, width, height, INPUT_RANGE, place);
    const left = Math.floor((INPUT_WIDTH - width) / 2);
    const top = Math.floor((INPUT_HEIGHT - height) / 2);
    const input = placeOnGray(pixels, { left, top, width, height }, memory);
    const [scores, boxes] = await session.run(input, INPUT_SHAPE);
    using _scores = freeAtEnd(scores!);
    using _boxes = freeAtEnd(boxes!);
    spare = memory;
    const toX = (x: number) =>
      region.left + (x * INPUT_WIDTH - left) / width * (region.right - region.left);
    const toY = (y: number) =>
      region.top + (y * INPUT_HEIGHT - top) / height * (region.bottom - region.top);
    const faces: Face[] = [];
    for (let i = 0; i < ANCHORS; i++) {
      const score = scores![i * 2 + 1]!;
      if (!(score >= minScore)) continue;
      const box = {
        left: toX(boxes![i * 4]!),
        top: toY(boxes![i * 4 + 1]!),
        right: toX(boxes![i * 4 + 2]!),
        bottom: toY(boxes![i * 4 + 3]!),
      };
      const inside = clipBox(box, image.width, image.height);
      if (inside.right > inside.left && inside.bottom > inside.top) faces.push({ box, score });
    }
    return faces;
  };
}

/** The place of a view in the network's input, in pixels. */
interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Memory that is kept from one picture to the next. */
interface Memory {
  readonly pixels: Float32Array;
  /** The last input with gray around the pixels. */
  framed?: { readonly input: Float32Array; place: Place };
}

const newInput = (): Float32Array => new Float32Array(3 * INPUT_HEIGHT * INPUT_WIDTH);

/** Returns the network's input with the pixels at a place, and gray (0) around them. */
function placeOnGray(pixels: Float32Array, place: Place, memory: Memory): Float32Array {
  const { left, top, width, height } = place;
  if (width === INPUT_WIDTH && height === INPUT_HEIGHT) return pixels;
  const framed = memory.framed ??= { input: newInput(), place };
  const { input } = framed;
  if (framed.place.width !== width || framed.place.height !== height) input.fill(0);
  framed.place = place;
  for (let row = 0; row < 3 * height; row++) {
    const channel = Math.floor(row / height), y = row % height;
    input.set(
      pixels.subarray(row * width, (row + 1) * width),
      (channel * INPUT_HEIGHT + top + y) * INPUT_WIDTH + left,
    );
  }
  return input;
}
