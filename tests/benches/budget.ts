/** A measured figure beside its budget, as a line of a table. */

/** What a benchmark found out. */
export interface Finding {
  /** What was measured, and in which unit unless it is a ratio. */
  readonly what: string;
  readonly measured: number;
  /** The figure that it must not pass. */
  readonly budget: number;
  /** Whether the figure may be at most the budget, or must be at least that. */
  readonly bound: "at most" | "at least";
  /** The figures that it was made of. */
  readonly detail: string;
}

/** Prints findings as a Markdown table. */
export function printFindings(findings: readonly Finding[]): void {
  console.log("| what | measured | budget | | of |\n| --- | --- | --- | --- | --- |");
  for (const { what, measured, budget, bound, detail } of findings) {
    const met = bound === "at most" ? measured <= budget : measured >= budget;
    const sign = bound === "at most" ? "≤" : "≥";
    const cells = [what, digits(measured), `${sign} ${budget}`, met ? "met" : "MISSED", detail];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
