/** Finds the five points that are used to align a face. */

import { ModelError, type Session } from "../inference/session.ts";
import { type Box, clipBox, type Point, type RgbImage } from "./image.ts";
import { resampleGray } from "./resample.ts";

const INPUT_SIZE = 64;
const INPUT_SHAPE = [1, 1, INPUT_SIZE, INPUT_SIZE] as const;
const INPUT_RANGE = { mean: 0, scale: 256 } as const;
const LANDMARKS = 68;

/** Middle of each eye, tip of the nose, corners of the mouth. Left is left in the picture. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/**
 * Finds the five points of the face in `box`; all are in pixels of the picture. The network looks
 * twice: at the square around `box`, and then at the square around the points of its first look
 * (docs/adr/0005-square-landmark-crop.md). It knows only upright faces.
 *
 * For a face that lies in the picture, `turns` is the number of quarter turns, clockwise, that make
 * it upright (default: 0).
 */
export type LandmarkFinder = (
  image: RgbImage,
  box: Box,
  turns?: QuarterTurns,
) => Promise<Landmarks>;

/** Points of a face, and the agreement of the two looks. */
export interface Landmarks {
  /** Points of the second look; of the first when there was no second. */
  readonly points: FivePoints;
  /**
   * Mean distance between the points of the two looks, in distances between the eyes. It is small
   * for a face that is upright and clear. Infinity when there was no second look.
   */
  readonly lookDistance: number;
}

/** Number of quarter turns, clockwise. */
export type QuarterTurns = 0 | 1 | 2 | 3;

// Each of the five points is the mean of some of the 68 points of iBUG 300-W (Sagonas et al.,
// 2013). These are the numbers of the points.
const EYE_LEFT = [37, 38, 40, 41];
const EYE_RIGHT = [43, 44, 46, 47];
const NOSE = [30];
const MOUTH_LEFT = [48, 60];
const MOUTH_RIGHT = [54, 64];

/**
 * Makes a finder from a 68-point network: input [1, 1, 64, 64] (gray / 256), output [1, 136]
 * (x, y pairs, 0 to 1 across the crop).
 *
 * @throws {ModelError} when the session's shapes are not these
 */
export function createLandmarkFinder(session: Session): LandmarkFinder {
  const [output] = session.outputs;
  if (
    session.input.shape.join() !== INPUT_SHAPE.join() || session.outputs.length !== 1 ||
    output?.shape.join() !== [1, LANDMARKS * 2].join()
  ) {
    throw new ModelError("The landmark model's shapes are not [1,1,64,64] to [1,136]");
  }
  /** Finds the 68 points in the square, in pixels of the picture. */
  const find = async (image: RgbImage, square: Box, turns: QuarterTurns): Promise<Point[]> => {
    const crop = roundDown(clipBox(square, image.width, image.height));
    const gray = await resampleGray(image, crop, INPUT_SIZE, INPUT_SIZE, INPUT_RANGE);
    const input = turnInput(gray, turns);
    const [output] = await session.run(input, INPUT_SHAPE);
    return Array.from({ length: LANDMARKS }, (_, i): Point => {
      const [u, v] = turnBack([output![i * 2]!, output![i * 2 + 1]!], turns);
      return [
        crop.left + u * (crop.right - crop.left),
        crop.top + v * (crop.bottom - crop.top),
      ];
    });
  };
  return async (image, box, turns = 0) => {
    const first = await find(image, squareAround(box), turns);
    const closer = squareAround(boxAround(first));
    if (!overlaps(closer, image)) return { points: fivePoints(first), lookDistance: Infinity };
    const before = fivePoints(first), points = fivePoints(await find(image, closer, turns));
    return { points, lookDistance: meanDistance(before, points) / distance(points[0], points[1]) };
  };
}

function fivePoints(landmarks: readonly Point[]): FivePoints {
  const mean = (numbers: readonly number[]): Point => {
    let x = 0, y = 0;
    for (const i of numbers) {
      x += landmarks[i]![0];
      y += landmarks[i]![1];
    }
    return [x / numbers.length, y / numbers.length];
  };
  return [mean(EYE_LEFT), mean(EYE_RIGHT), mean(NOSE), mean(MOUTH_LEFT), mean(MOUTH_RIGHT)];
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

const meanDistance = (a: FivePoints, b: FivePoints): number =>
  a.reduce((sum, point, i) => sum + distance(point, b[i]!), 0) / a.length;

function boxAround(points: readonly Point[]): Box {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}

/** Returns the square around the box with the same centre, so that the face is not stretched. */
function squareAround(box: Box): Box {
  const half = Math.max(box.right - box.left, box.bottom - box.top) / 2;
  const x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
  return { left: x - half, top: y - half, right: x + half, bottom: y + half };
}

/** False also when the box is not finite. */
function overlaps({ left, top, right, bottom }: Box, { width, height }: RgbImage): boolean {
  return left < width && top < height && right > 0 && bottom > 0 && right > left && bottom > top;
}

function roundDown(box: Box): Box {
  const left = Math.floor(box.left);
  const top = Math.floor(box.top);
  return {
    left,
    top,
    right: Math.max(left + 1, Math.floor(box.right)),
    bottom: Math.max(top + 1, Math.floor(box.bottom)),
  };
}

function turnInput(input: Float32Array, turns: QuarterTurns): Float32Array {
  let turned = input;
  for (let turn = 0; turn < turns; turn++) {
    const before = turned;
    turned = new Float32Array(before.length);
    for (let y = 0; y < INPUT_SIZE; y++) {
      for (let x = 0; x < INPUT_SIZE; x++) {
        turned[y * INPUT_SIZE + x] = before[(INPUT_SIZE - 1 - x) * INPUT_SIZE + y]!;
      }
    }
  }
  return turned;
}

/** Maps a point of the turned crop, each coordinate 0 to 1, to the crop before the turns. */
function turnBack(point: Point, turns: QuarterTurns): Point {
  let [x, y] = point;
  for (let turn = 0; turn < turns; turn++) [x, y] = [y, 1 - x];
  return [x, y];
}
