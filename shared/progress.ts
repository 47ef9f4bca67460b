/** Shows how far long work has come: a bar on a terminal, plain lines elsewhere. */

import process from "node:process";
import cliProgress from "cli-progress";

/**
 * Shows work whose size is known beforehand.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const progress = createLineProgress((line) => lines.push(line));
 * {
 *   using photos = progress.start("Reading photos", 3, "photos");
 *   for (let i = 0; i < 3; i++) photos.advance(1);
 *   photos.end();
 * }
 * assertEquals(lines, ["Reading photos: 3 photos …", "Reading photos: 3 photos, done"]);
 * ```
 */
export interface Progress {
  /**
   * Begins to show a piece of work. One at a time: a terminal has room for one bar.
   *
   * @param label What is done, such as "Reading photos"
   * @param total How much there is to do, in `unit`
   * @param unit A plural noun; "bytes" are shown as megabytes
   */
  start(label: string, total: number, unit: string): ProgressTask;
}

/** A piece of work that is shown. Leaving its scope without {@linkcode end} means that it failed. */
export interface ProgressTask extends Disposable {
  /** Tells that another `amount` is done, in the unit of the task. */
  advance(amount: number): void;
  /** Tells that all of it is done. */
  end(): void;
}

/** Where a progress bar is drawn: a stream of node that may be a terminal. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** A bar when stderr is a terminal, otherwise lines; on stderr, for stdout is for results. */
export function createProgress(): Progress {
  return Deno.stderr.isTerminal()
    ? createBarProgress(process.stderr)
    : createLineProgress((line) => console.error(line));
}

/** Shows nothing. */
export const NO_PROGRESS: Progress = {
  start: () => ({ advance: () => {}, end: () => {}, [Symbol.dispose]: () => {} }),
};

/** One line when work begins, one when it is done; each is given to `writeLine`. */
export function createLineProgress(writeLine: (line: string) => void): Progress {
  return {
    start(label, total, unit) {
      const shown = shownAs(unit);
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

/** A bar that is drawn on `stream`, which has to be a terminal: on anything else it shows nothing. */
export function createBarProgress(stream: ProgressStream): Progress {
  return {
    start(label, total, unit) {
      // The package has no types.
      const bar: SingleBar = new cliProgress.SingleBar({
        stream,
        format: "{label} [{bar}] {amount}",
        barsize: 16,
        // Left as it is: an interruption would leave the terminal without wrapping.
        linewrap: true,
      }, cliProgress.Presets.shades_classic);
      let done = 0;
      const shown = shownAs(unit);
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

/** How amounts of a unit are written. */
function shownAs(unit: string): { write(amount: number): string; readonly unit: string } {
  return unit === "bytes"
    ? { write: (amount) => (amount / 1e6).toFixed(1), unit: "MB" }
    : { write: String, unit };
}
