/** Finds the faces of a picture, and chooses one. */

import { pictureProblem } from "../../shared/contract/picture_problem.ts";
import type { Session } from "../inference/session.ts";
import { createFaceNetwork, type Face, INPUT_HEIGHT, INPUT_WIDTH } from "./face_network.ts";
import type { Box, RgbImage } from "./image.ts";
import { lookAgain, MIN_FACE_WIDTH_PX } from "./second_look.ts";
import { suppressOverlaps } from "./suppress_overlaps.ts";

const MIN_SCORE = 0.65;
const MAX_OVERLAP = 0.4;

/**
 * Finds the faces of a decoded picture.
 *
 * @returns The faces that non-maximum suppression keeps, best score first
 */
export type FaceDetector = (image: RgbImage) => Promise<Face[]>;

/**
 * Makes a detector from an UltraFace network. It looks at the whole picture. When it finds no face,
 * it looks again: {@linkcode lookAgain}.
 *
 * @throws {ModelError} when the session's shapes are not those of UltraFace
 */
export function createFaceDetector(session: Session): FaceDetector {
  const find = createFaceNetwork(session);
  return async (image) => {
    const region = { left: 0, top: 0, right: image.width, bottom: image.height };
    const view = { region, width: INPUT_WIDTH, height: INPUT_HEIGHT };
    const faces = suppressOverlaps(await find(image, view, MIN_SCORE), MAX_OVERLAP);
    return faces.length > 0 ? faces : await lookAgain(image, find);
  };
}

const widthOf = (face: Face): number => face.box.right - face.box.left;

/**
 * Chooses the face to recognise (docs/adr/0004-whose-face.md): the widest face. Every other face
 * must be less than half as wide. When the box of the widest face contains the picture's centre, it
 * is enough that every other face is less than three quarters as wide.
 *
 * @param faces Detected faces, in any order
 * @param picture Size of the picture that the faces were detected in
 * @throws {Problem} `no_face` when there is no face; `multiple_faces` when another face is too
 * wide; `face_too_small` when the widest face is less than 40 pixels wide
 */
export function chooseFace(faces: readonly Face[], { width, height }: Size): Face {
  const [widest, next] = faces.toSorted((a, b) => widthOf(b) - widthOf(a));
  if (widest === undefined) throw pictureProblem("no_face");
  const clearShare = contains(widest.box, width / 2, height / 2) ? 3 / 4 : 1 / 2;
  if (next !== undefined && widthOf(next) >= widthOf(widest) * clearShare) {
    throw pictureProblem("multiple_faces");
  }
  if (widthOf(widest) < MIN_FACE_WIDTH_PX) throw pictureProblem("face_too_small");
  return widest;
}

/** Size of a picture, in pixels. */
export interface Size {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
}

const contains = (box: Box, x: number, y: number): boolean =>
  box.left <= x && x < box.right && box.top <= y && y < box.bottom;
