/** The figures of docs/adr/0007-candidate-choice.md. */

import { writeTable } from "../support/markdown_table.ts";
import { CHOICES } from "./candidate_choice.ts";
import { simulateChoice } from "./simulate_choice.ts";

const PODS = [4, 20, 100];
const LOADS = [0.5, 0.9, 1.2];

/** Simulates every way of choosing a pod, and returns a Markdown table. */
export function choiceReport(): string {
  const milliseconds = (seconds: number) => (seconds * 1000).toFixed(0);
  const rows = PODS.flatMap((pods) =>
    LOADS.flatMap((load) =>
      Object.entries(CHOICES).map(([name, choose]) => {
        const { lostPerClaim, waitP50, waitP99 } = simulateChoice(choose, pods, load);
        const waits = [milliseconds(waitP50), milliseconds(waitP99)];
        return [`${pods}`, load.toFixed(1), name, lostPerClaim.toFixed(3), ...waits];
      })
    )
  );
  const head = ["pods", "load", "choice", "lost per claim", "wait p50, ms", "wait p99, ms"];
  return writeTable({ head, rows });
}
