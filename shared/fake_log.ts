/** A logger for tests that keeps its lines. */

import { pino } from "pino";
import { LINE_OPTIONS, type Logger } from "./log.ts";

/** A logger, and the lines that were logged. */
export interface FakeLog {
  readonly log: Logger;
  /** Every line as an object. The field "msg" is its message. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

/** Makes a logger that keeps lines of every level. */
export function createFakeLog(): FakeLog {
  const lines: Record<string, unknown>[] = [];
  const log = pino({
    ...LINE_OPTIONS,
    level: "debug",
    base: null,
    timestamp: false,
  }, { write: (line) => void lines.push(JSON.parse(line)) });
  return { log, lines };
}
