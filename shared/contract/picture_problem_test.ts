import { assert, assertEquals } from "@std/assert";
import { isPictureCode, PICTURE_CODES, pictureProblem } from "./picture_problem.ts";
import { PROBLEM_CODES } from "./problem.ts";

Deno.test("the api passes exactly these codes of a worker on to the client", () => {
  assertEquals([...PICTURE_CODES].sort(), [
    "ambiguous_match",
    "face_not_upright",
    "face_too_small",
    "face_unclear",
    "invalid_image",
    "multiple_faces",
    "no_face",
    "payload_too_large",
    "unsupported_media_type",
  ]);
});

Deno.test("a refusal has the code, its sentence and the cause", () => {
  const cause = new Error("secret");
  const problem = pictureProblem("no_face", cause);
  assertEquals([problem.code, problem.status, problem.cause], ["no_face", 422, cause]);
  assertEquals(problem.message, "No face was found in the picture");
  assert(!("cause" in pictureProblem("no_face")));
  assertEquals(PROBLEM_CODES.filter(isPictureCode).length, PICTURE_CODES.size);
});
