/** Tells a client why a worker refused its picture. */

import { type ProblemCode, PROBLEMS } from "../../../shared/contract/problem.ts";
import { PICTURE_FORMATS } from "../../../shared/contract/image_type.ts";

/** Sentence for each code about a picture. A worker sends only the code. */
const DETAILS: Partial<Record<ProblemCode, string>> = {
  invalid_image: "The picture is damaged or incomplete",
  payload_too_large:
    "The picture has too many pixels, is too wide or too high, or is progressive and needs too much memory",
  unsupported_media_type: `The picture is not a ${PICTURE_FORMATS}`,
  no_face: "No face was found in the picture",
  multiple_faces: "The picture shows several faces of similar size",
  face_too_small: "The face is less than 40 pixels wide, or too small for such a large picture",
  face_not_upright: "The face is not upright: turn the picture",
  face_unclear: "The face is blurred, too dark, covered or turned away: send a clearer picture",
  ambiguous_match: "The face matches several users. Send user_id to compare with one user",
};

/** Returns the sentence for a code. A test checks that every code about a picture has one. */
export function describePicture(code: ProblemCode): string {
  return DETAILS[code] ?? PROBLEMS[code].title;
}

/** True when the code has a sentence of its own. */
export function hasDetail(code: ProblemCode): boolean {
  return DETAILS[code] !== undefined;
}
