/** Shows the progress of long work: a bar on a terminal, plain lines elsewhere. */

import process from "node:process";
import cliProgress from "cli-progress";

/**
 * Shows the progress of work of a known size.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const progress = createLineProgress((line) => lines.push(line));
 * using photos = progress.start("Reading", 3, "photos");
 * for (let i = 0; i < 3; i++) photos.advance(1);
 * photos.end();
 * assertEquals(lines, ["Reading: 3 photos …", "Reading: 3 photos, done"]);
 * ```
 */
export interface Progress {
  /**
   * Begins to show a task. Only one task at a time can be shown.
   *
   * @param label Name of the task, such as "Reading photos"
   * @param total Size of the task, in `unit`
   * @param unit A plural noun; "bytes" are shown as megabytes
   */
  start(label: string, total: number, unit: string): ProgressTask;
}

/** A task that is shown. Disposing of it without {@linkcode end} means that the task failed. */
export interface ProgressTask extends Disposable {
  /** Adds to the amount that is done, in the unit of the task. */
  advance(amount: number): void;
  /** Shows that the task is done. */
  end(): void;
}

/** Stream of Node.js that a progress bar is drawn on. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows a bar when standard error is a terminal, otherwise lines on standard error. */
export function createProgress(): Progress {
  return Deno.stderr.isTerminal()
    ? createBarProgress(process.stderr)
    : createLineProgress((line) => console.error(line));
}

/** Shows nothing. */
export const NO_PROGRESS: Progress = {
  start: () => ({ advance: () => {}, end: () => {}, [Symbol.dispose]: () => {} }),
};

/** Calls `writeLine` once when a task begins, and once when it is done. */
export function createLineProgress(writeLine: (line: string) => void): Progress {
  return {
    start(label, total, unit) {
      const shown = amountFormat(unit);
      let done = 0;
      writeLine(`${label}: ${shown.write(total)} ${shown.unit} …`);
      return {
        advance: (amount) => {
          done += amount;
        },
        end: () => writeLine(`${label}: ${shown.write(done)} ${shown.unit}, done`),
        [Symbol.dispose]: () => {},
      };
    },
  };
}

/** Draws a bar on `stream`. Draws nothing when the stream is not a terminal. */
export function createBarProgress(stream: ProgressStream): Progress {
  return {
    start(label, total, unit) {
      // The package has no types.
      const bar: SingleBar = new cliProgress.SingleBar({
        stream,
        format: "{label} [{bar}] {amount}",
        barsize: 16,
        // The bar must not switch line wrapping off: it would stay off after an interruption.
        linewrap: true,
      }, cliProgress.Presets.shades_classic);
      let done = 0;
      const shown = amountFormat(unit);
      const payload = () => ({
        label,
        amount: `${shown.write(done)}/${shown.write(total)} ${shown.unit}`,
      });
      bar.start(total, 0, payload());
      return {
        advance: (amount) => {
          done += amount;
          bar.update(done, payload());
        },
        end: () => bar.stop(),
        [Symbol.dispose]: () => bar.stop(),
      };
    },
  };
}

interface SingleBar {
  start(total: number, startValue: number, payload: object): void;
  update(value: number, payload: object): void;
  stop(): void;
}

function amountFormat(unit: string): { write(amount: number): string; readonly unit: string } {
  return unit === "bytes"
    ? { write: (amount) => (amount / 1e6).toFixed(1), unit: "MB" }
    : { write: String, unit };
}
