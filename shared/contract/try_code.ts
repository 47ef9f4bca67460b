/** The codes of requests that are refused because too many attempts have failed. */

import type { ProblemCode } from "./problem.ts";

/** See {@linkcode isTryCode}. */
export type TryCode = Extract<ProblemCode, "too_many_attempts" | "locked">;

/** True for a code that a client gets after too many failed attempts. */
export function isTryCode(code: ProblemCode): code is TryCode {
  return code === "too_many_attempts" || code === "locked";
}
