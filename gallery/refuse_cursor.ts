/** Refuses a cursor that no page had. */

import { Problem } from "../shared/contract/problem.ts";
import { BadCursor } from "./store/store.ts";

/** Throws the problem of a bad cursor, and every other error as it is. */
export function refuseCursor(error: unknown): never {
  if (!(error instanceof BadCursor)) throw error;
  throw new Problem("invalid_request", "The cursor is not one of an earlier page");
}
