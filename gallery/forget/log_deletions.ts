/** Writes the marks of deletions into the log. */

import type { Logger } from "../../shared/log.ts";
import { type Deletion, DELETION_FIELD } from "./deletion_mark.ts";

/**
 * Returns the function that writes a mark. It is for programs, so LOG_LEVEL does not hide it.
 *
 * @param isPretty True when the log is text for a terminal: LOG_LEVEL then also holds for deletions
 */
export function writeDeletions(
  log: Pick<Logger, "info" | "child">,
  isPretty: boolean,
): (deletion: Deletion) => void {
  const lines = isPretty ? log : log.child({}, { level: "info" });
  return (deletion) => lines.info({ [DELETION_FIELD]: deletion }, "deletion");
}
