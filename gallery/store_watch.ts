/** Logs when the store stops to answer, and when it answers again. */

import type { Logger } from "../shared/log.ts";
import { StoreDamaged } from "./store/store.ts";
import { describeFailure } from "./store_failure.ts";

/** Remembers if the store answers. */
export interface StoreWatch {
  /** True while the store answers. */
  readonly answers: boolean;
  /** The store has answered. */
  answered(): void;
  /** The store did not answer. Only the first failure is logged. */
  failed(error: unknown): void;
}

/** Makes a watch. At first, the store counts as answering. */
export function createStoreWatch(log: Pick<Logger, "info" | "error">): StoreWatch {
  let answers = true;
  return {
    get answers() {
      return answers;
    },
    answered() {
      if (!answers) log.info("the gallery's database answers again");
      answers = true;
    },
    failed(error) {
      const is = error instanceof StoreDamaged ? "damaged" : "away";
      if (answers) log.error({ error: describeFailure(error) }, `the gallery's database is ${is}`);
      answers = false;
    },
  };
}
