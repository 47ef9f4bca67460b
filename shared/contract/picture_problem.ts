/** The refusals of a picture, with one sentence for each code. */

import { PICTURE_FORMATS } from "./image_type.ts";
import { Problem, type ProblemCode } from "./problem.ts";

/**
 * Sentence for each code about the picture and its face. A worker sends only the code: the api does
 * not pass on any text of a worker.
 */
export const PICTURE_DETAILS = {
  invalid_image: "The picture is damaged or incomplete",
  payload_too_large:
    "The picture has too many pixels, is too wide or too high, or is progressive and needs too much memory",
  unsupported_media_type: `The picture is not a ${PICTURE_FORMATS}`,
  no_face: "No face was found in the picture",
  multiple_faces: "The picture shows several faces of similar size",
  face_too_small: "The face is less than 40 pixels wide, or too small for such a large picture",
  ambiguous_match: "The face matches several users. Send user_id to compare with one user",
  face_not_upright: "The face is not upright: turn the picture",
  face_unclear: "The face is blurred, too dark, covered or turned away: send a clearer picture",
} as const satisfies Partial<Record<ProblemCode, string>>;

/** A code about the picture and its face. */
export type PictureCode = keyof typeof PICTURE_DETAILS;

/** Codes about the picture and its face. A worker finds them, and the api passes them on to the client. */
export const PICTURE_CODES: ReadonlySet<PictureCode> = new Set(
  Object.keys(PICTURE_DETAILS) as PictureCode[],
);

/** True for a code about the picture. */
export function isPictureCode(code: ProblemCode): code is PictureCode {
  return Object.hasOwn(PICTURE_DETAILS, code);
}

/**
 * Makes the refusal of a picture.
 *
 * @param code Code about the picture
 * @param cause The error behind the refusal. It is logged, but not sent to the client
 */
export function pictureProblem(code: PictureCode, cause?: unknown): Problem {
  return new Problem(code, PICTURE_DETAILS[code], { cause });
}
