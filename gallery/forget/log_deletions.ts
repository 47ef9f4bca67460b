/** Writes the marks of deletions into the log. */

import type { Logger } from "../../shared/log.ts";
import { StoreUnavailable } from "../store/store.ts";
import { type Deletion, DELETION_FIELD } from "./deletion_mark.ts";

/** The log of the service. */
export interface DeletionLog {
  readonly log: Pick<Logger, "info" | "child">;
  /** True when the log is text for a terminal: LOG_LEVEL then also holds for deletions. */
  readonly isPretty: boolean;
  /** True when nobody reads the log any more. */
  readonly isLost: () => boolean;
}

/**
 * Returns the function that writes a mark. It is for programs, so LOG_LEVEL does not hide it. The
 * function throws {@linkcode StoreUnavailable} when the mark is lost: the deletion must then not be
 * stored.
 */
export function writeDeletions(
  { log, isPretty, isLost }: DeletionLog,
): (deletion: Deletion) => void {
  const lines = isPretty ? log : log.child({}, { level: "info" });
  return (deletion) => {
    lines.info({ [DELETION_FIELD]: deletion }, "deletion");
    if (isLost()) throw new StoreUnavailable("Nobody reads the log, so nothing can be deleted");
  };
}
