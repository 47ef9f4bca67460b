/** Counts the outcomes of requests. */

/** Number of times that each kind of request had each outcome. */
export class Outcomes {
  readonly #counts = new Map<string, Map<string, number>>();

  /** Counts one outcome. */
  count(kind: string, outcome: string): void {
    const counts = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  /** Returns the outcomes that a kind had. */
  of(kind: string): string[] {
    return [...this.#counts.get(kind)?.keys() ?? []];
  }

  /** Returns a line for each kind. */
  *lines(): Generator<string> {
    for (const [kind, counts] of this.#counts) {
      yield `  ${kind}: ${
        [...counts].map(([outcome, times]) => `${times} × ${outcome}`).join(", ")
      }`;
    }
  }
}
