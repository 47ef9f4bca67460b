/** Writes checkpoints into the log. */

import type { Logger } from "../../shared/log.ts";
import type { GalleryStore } from "../store/store.ts";
import { CHECKPOINT_FIELD } from "./checkpoint.ts";
import type { CheckpointScope } from "./event.ts";

/** Events after which a process signs its own chains. */
const EVENTS_PER_CHECKPOINT = 1000;
/** Time after which the chains of all processes are signed, if they have grown. */
const CHANGED_AFTER_MS = 60_000;
/** Time after which all chains are signed, so that a log that begins later has them, too. */
const ALL_AFTER_MS = 3_600_000;

/** Services that {@linkcode createCheckpoints} uses. */
export interface CheckpointDeps {
  readonly store: Pick<GalleryStore, "unsignedEvents" | "signCheckpoints">;
  readonly log: Pick<Logger, "info" | "child">;
  /** True when the log is text for a terminal: LOG_LEVEL then also holds for checkpoints. */
  readonly isPretty: boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Called for each line that was written. */
  readonly written: () => void;
}

/** Writes checkpoints when they are due. */
export interface Checkpoints {
  /**
   * Writes a checkpoint if one is due. Call it every second.
   *
   * @throws {StoreUnavailable} when the chains of other processes cannot be read. Those of this process
   * are in the log nevertheless
   */
  writeIfDue(): Promise<void>;
  /** Writes a checkpoint of this process's own chains now. Reads nothing from the database. */
  writeLast(): Promise<void>;
}

/** Makes the writer. The first checkpoint, which is due at once, has all chains. */
export function createCheckpoints(
  { store, log, isPretty, now, written }: CheckpointDeps,
): Checkpoints {
  // A checkpoint is for programs, so LOG_LEVEL does not hide it.
  const lines = isPretty ? log : log.child({}, { level: "info" });
  let allAt = -Infinity, changedAt = -Infinity;

  async function write(scope: CheckpointScope): Promise<void> {
    for (const checkpoint of await store.signCheckpoints(scope)) {
      lines.info({ [CHECKPOINT_FIELD]: checkpoint }, "audit checkpoint");
      written();
    }
  }

  return {
    async writeIfDue() {
      const time = now();
      if (time - changedAt >= CHANGED_AFTER_MS) {
        await write("own");
        const isAllDue = time - allAt >= ALL_AFTER_MS;
        await write(isAllDue ? "all" : "changed");
        changedAt = time;
        if (isAllDue) allAt = time;
      } else if (store.unsignedEvents >= EVENTS_PER_CHECKPOINT) {
        await write("own");
      }
    },
    writeLast: () => write("own"),
  };
}
