/** Prints a table of measured figures and their budgets. */

import { writeTable } from "../support/markdown_table.ts";

/** The finding of a benchmark. */
export interface Finding {
  /** Name of the figure. A figure that is not a ratio has its unit at the end. */
  readonly what: string;
  readonly measured: number;
  /** Bound on the figure; missing when it has none. */
  readonly budget?: number;
  /** "at most": the budget is an upper bound, and less is better. "at least": more is better. */
  readonly bound: "at most" | "at least";
  /** The figures from which `measured` was computed. */
  readonly detail: string;
}

/** Prints findings as a Markdown table. */
export function printFindings(findings: readonly Finding[]): void {
  const rows = findings.map(({ what, measured, budget, bound, detail }) => {
    if (budget === undefined) return [what, digits(measured), "", "", detail];
    const isMet = bound === "at most" ? measured <= budget : measured >= budget;
    const sign = bound === "at most" ? "≤" : "≥";
    return [what, digits(measured), `${sign} ${budget}`, isMet ? "met" : "MISSED", detail];
  });
  console.log(writeTable({ head: ["what", "measured", "budget", "", "computed from"], rows }));
}

/** Returns a value with three significant digits, without an exponent. */
export function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
