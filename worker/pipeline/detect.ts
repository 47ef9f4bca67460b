/** Finds the faces of a picture with UltraFace (version-RFB-320), and chooses one. */

import { Problem } from "../../shared/contract/problem.ts";
import { ModelError, type Session } from "../inference/session.ts";
import { type Box, clipBox, type RgbImage } from "./image.ts";
import { resample } from "./resample.ts";

const INPUT_WIDTH = 320;
const INPUT_HEIGHT = 240;
const INPUT_SHAPE = [1, 3, INPUT_HEIGHT, INPUT_WIDTH] as const;
const INPUT_RANGE = { mean: 127, scale: 128 } as const;
const ANCHORS = 4420;
const MIN_SCORE = 0.65;
const MAX_OVERLAP = 0.4;
const MIN_FACE_WIDTH_PX = 40;

/** A detected face. */
export interface Face {
  /** In pixels of the picture; it can extend beyond the picture's edge. */
  readonly box: Box;
  /** Confidence of the network that this is a face, 0 to 1. */
  readonly score: number;
}

/**
 * Finds the faces of a decoded picture.
 *
 * @returns The faces that non-maximum suppression keeps, best score first
 */
export type FaceDetector = (image: RgbImage) => Promise<Face[]>;

/**
 * Makes a detector from an UltraFace network: input [1, 3, 240, 320], outputs scores [1, 4420, 2]
 * (column 1 is "face") and boxes [1, 4420, 4] (left, top, right, bottom, each 0 to 1).
 *
 * @throws {ModelError} when the session's shapes are not these
 */
export function createFaceDetector(session: Session): FaceDetector {
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
  return async (image) => {
    const whole = { left: 0, top: 0, right: image.width, bottom: image.height };
    const input = await resample(image, whole, INPUT_WIDTH, INPUT_HEIGHT, INPUT_RANGE);
    const [scores, boxes] = await session.run(input, INPUT_SHAPE);
    return suppressOverlaps(readFaces(scores!, boxes!, image), MAX_OVERLAP);
  };
}

function readFaces(scores: Float32Array, boxes: Float32Array, image: RgbImage): Face[] {
  const faces: Face[] = [];
  for (let i = 0; i < ANCHORS; i++) {
    const score = scores[i * 2 + 1]!;
    if (!(score >= MIN_SCORE)) continue;
    const box = {
      left: boxes[i * 4]! * image.width,
      top: boxes[i * 4 + 1]! * image.height,
      right: boxes[i * 4 + 2]! * image.width,
      bottom: boxes[i * 4 + 3]! * image.height,
    };
    const inside = clipBox(box, image.width, image.height);
    if (inside.right > inside.left && inside.bottom > inside.top) faces.push({ box, score });
  }
  return faces;
}

/**
 * Greedy non-maximum suppression. Keeps the face with the best score and drops the faces that
 * overlap it by more than `maxOverlap`. Then does the same with the remaining faces.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const face = { box: { left: 0, top: 0, right: 100, bottom: 100 }, score: 0.9 };
 * const sameFace = { box: { left: 10, top: 0, right: 110, bottom: 100 }, score: 0.8 };
 * const otherFace = { box: { left: 200, top: 0, right: 300, bottom: 100 }, score: 0.7 };
 * assertEquals(suppressOverlaps([otherFace, sameFace, face], 0.4), [face, otherFace]);
 * ```
 *
 * @param faces Detected faces, in any order
 * @param maxOverlap Greatest intersection over union of two faces that are both kept, 0 to 1
 * @returns The kept faces, best score first
 */
export function suppressOverlaps(faces: readonly Face[], maxOverlap: number): Face[] {
  const kept: Face[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (kept.every((other) => overlap(face.box, other.box) <= maxOverlap)) kept.push(face);
  }
  return kept;
}

/** Returns the intersection over union of two boxes, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (area(a) + area(b) - both);
}

const area = (box: Box): number => (box.right - box.left) * (box.bottom - box.top);
const widthOf = (face: Face): number => face.box.right - face.box.left;

/**
 * Chooses the face to recognise (docs/adr/0004-whose-face.md): the widest face. Every other face
 * must be less than half as wide. When the box of the widest face contains the picture's centre, it
 * is enough that every other face is less than three quarters as wide.
 *
 * @param faces Detected faces, in any order
 * @param picture Size of the picture, in pixels
 * @throws {Problem} `no_face` when there is no face; `multiple_faces` when another face is too
 * wide; `face_too_small` when the widest face is less than 40 pixels wide
 */
export function chooseFace(
  faces: readonly Face[],
  { width, height }: { width: number; height: number },
): Face {
  const [widest, next] = faces.toSorted((a, b) => widthOf(b) - widthOf(a));
  if (widest === undefined) throw new Problem("no_face", "No face was found in the picture");
  const clearShare = contains(widest.box, width / 2, height / 2) ? 3 / 4 : 1 / 2;
  if (next !== undefined && widthOf(next) >= widthOf(widest) * clearShare) {
    throw new Problem("multiple_faces", "The picture shows several faces of similar size");
  }
  if (widthOf(widest) < MIN_FACE_WIDTH_PX) {
    throw new Problem("face_too_small", `The face is less than ${MIN_FACE_WIDTH_PX} pixels wide`);
  }
  return widest;
}

const contains = (box: Box, x: number, y: number): boolean =>
  box.left <= x && x < box.right && box.top <= y && y < box.bottom;
