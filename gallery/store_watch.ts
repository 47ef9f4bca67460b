/** Remembers if the store answers, and logs when that changes. */

import { describeError, type Logger } from "../shared/log.ts";

/** Whether the store answers. */
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
      if (answers) log.error({ error: describeError(error) }, "the gallery's database is away");
      answers = false;
    },
  };
}
