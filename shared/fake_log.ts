/** A log for tests that remembers its lines. */

import { pino } from "pino";
import type { Logger } from "./log.ts";

/** A logger, and what it was told. */
export interface FakeLog {
  readonly log: Logger;
  /** Every line as an object, its message under "msg". */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** Makes a log that takes every level. */
export function createFakeLog(): FakeLog {
  const lines: Record<string, unknown>[] = [];
  const log = pino({
    level: "debug",
    base: null,
    timestamp: false,
    formatters: { level: (label) => ({ level: label }) },
  }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
