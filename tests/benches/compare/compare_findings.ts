/** Compares the findings of two versions. */

import { digits, type Finding } from "../budget.ts";
import { median } from "../timing.ts";

/** What became of a figure. `unclear`: the runs of both versions overlap. */
export type Change =
  | "better"
  | "worse"
  | "the same"
  | "unclear"
  | "too few runs"
  | "only in A"
  | "only in B";

/**
 * Fewest runs of each version. With 4 and 4 runs of one and the same version, all of the first are
 * by chance less than all of the second, or all more, in 3 of 100 cases. With 3 and 3 it is 10, and
 * with 2 and 2 it is 33.
 */
const MIN_RUNS = 4;

/** A figure of two versions. */
export interface ComparedFinding {
  readonly what: string;
  /** Median of the runs of A, and of B; undefined when there is no run. */
  readonly a: number | undefined;
  readonly b: number | undefined;
  readonly change: Change;
  /** Number of runs of A, and of B. */
  readonly runs: readonly [number, number];
}

/** Compares each figure of A and B. A figure that is there several times has several runs. */
export function compareFindings(
  a: readonly Finding[],
  b: readonly Finding[],
): ComparedFinding[] {
  const names = new Set([...a, ...b].map(({ what }) => what));
  return [...names].map((what) => {
    const [ofA, ofB] = [a, b].map((all) => all.filter((finding) => finding.what === what));
    const [runsOfA, runsOfB] = [ofA!, ofB!].map((all) => all.map(({ measured }) => measured));
    const { bound } = [...ofA!, ...ofB!][0]!;
    return {
      what,
      a: runsOfA!.length > 0 ? median(runsOfA!) : undefined,
      b: runsOfB!.length > 0 ? median(runsOfB!) : undefined,
      change: changeOf(runsOfA!, runsOfB!, bound),
      runs: [runsOfA!.length, runsOfB!.length],
    };
  });
}

/** Returns the cells of a table's row. */
export function cellsOf({ what, a, b, change, runs }: ComparedFinding): string[] {
  const cell = (value: number | undefined) => value === undefined ? "" : digits(value);
  const ratio = a !== undefined && b !== undefined && a !== 0 ? digits(b / a) : "";
  return [what, cell(a), cell(b), ratio, change, runs.join(", ")];
}

function changeOf(a: readonly number[], b: readonly number[], bound: Finding["bound"]): Change {
  if (a.length === 0) return "only in B";
  if (b.length === 0) return "only in A";
  if (new Set([...a, ...b]).size === 1) return "the same";
  if (Math.min(a.length, b.length) < MIN_RUNS) return "too few runs";
  const isLess = Math.max(...b) < Math.min(...a);
  const isMore = Math.min(...b) > Math.max(...a);
  if (!isLess && !isMore) return "unclear";
  return isLess === (bound === "at most") ? "better" : "worse";
}
