/** The tables of docs/scaling.md. */

import { type MarkdownTable, writeTable } from "../support/markdown_table.ts";
import { type Load, measure, podsNeeded, withPool } from "./load.ts";
import { poolSize } from "./pool_size.ts";
import { BURSTS, EXCESSIVE, REUSE, STEADY } from "./scaling_loads.ts";
import { ASSUMED, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { summarise, type Summary } from "./summary.ts";

type Column = readonly [title: string, cell: (scenario: Scenario) => string];

const RATE: Column = ["requests/s", ({ ratePerSecond }) => `${ratePerSecond}`];
const PER_WORKER: Column = ["per worker", ({ requestsPerWorker }) => `${requestsPerWorker}`];
const CORES: Column = ["cores", ({ cores }) => `${cores}`];
const LIMIT: Column = ["kube-api-qps", ({ controller }) => `${controller.qps}`];
const REFILL: Column = [
  "refill alone",
  ({ startSeconds, startCoreSeconds }) => `${startSeconds + startCoreSeconds} s`,
];
const FIGURES = ["wait p50", "wait p99", "shed"];

const BURSTS_SECONDS_APART = 60;

/** Simulates the loads of docs/scaling.md, and returns Markdown tables. */
export function scalingReport(): string {
  return [
    sizedTable(STEADY, [RATE, CORES, LIMIT, REFILL]),
    excessTable([RATE, CORES, LIMIT]),
    sizedTable(REUSE, [RATE, PER_WORKER]),
    burstTable(),
  ].map(writeTable).join("\n\n");
}

/**
 * Returns a table with two rows for each load. In the first row, the pool size is the average
 * number of pods that are being replaced. In the second row, it is the size that the rule gives.
 */
function sizedTable(loads: readonly Load[], columns: readonly Column[]): MarkdownTable {
  const rows = loads.flatMap((load) => {
    const needed = podsNeeded(load);
    return [Math.ceil(needed), poolSize(needed)].map((size, i) => [
      ...inputs(columns, load, size),
      needed.toFixed(1),
      i === 0 ? `${size}` : `**${size}**`,
      ...figures(measure(load, size)),
    ]);
  });
  return { head: [...titles(columns), "being replaced", "pool size", ...FIGURES], rows };
}

function excessTable(columns: readonly Column[]): MarkdownTable {
  const rows = EXCESSIVE.flatMap(([load, sizes]) =>
    sizes.map((size) => [
      ...inputs(columns, load, size),
      `${size}`,
      ...figures(measure(load, size)),
    ])
  );
  return { head: [...titles(columns), "pool size", ...FIGURES], rows };
}

function burstTable(): MarkdownTable {
  const rows = BURSTS.flatMap(([size, poolSizes]) =>
    poolSizes.map((poolSize) => {
      const { decisions } = simulate({
        ...ASSUMED,
        poolSize,
        ratePerSecond: 0,
        burst: { size, everySeconds: BURSTS_SECONDS_APART },
        durationSeconds: 50 * BURSTS_SECONDS_APART,
      });
      return [`${size}`, `${poolSize}`, ...figures(summarise(decisions, 0))];
    })
  );
  return { head: ["requests at once", "pool size", ...FIGURES], rows };
}

const titles = (columns: readonly Column[]): string[] => columns.map(([title]) => title);

const inputs = (columns: readonly Column[], load: Load, size: number): string[] =>
  columns.map(([, cell]) => cell(withPool(load, size)));

const figures = ({ waitP50, waitP99, shed }: Summary): string[] => [
  `${waitP50.toFixed(1)} s`,
  `${waitP99.toFixed(1)} s`,
  `${(shed * 100).toFixed(1)} %`,
];
