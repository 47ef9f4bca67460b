/** The tables of docs/scaling.md. */

import { type Load, measure, podsNeeded, withPool } from "./load.ts";
import { poolSize } from "./pool_size.ts";
import { ASSUMED, type Scenario } from "./scenario.ts";
import { simulate } from "./simulate.ts";
import { summarise, type Summary } from "./summary.ts";
import { markdownTable } from "../../worker/commands/accuracy/markdown_table.ts";

type Column = readonly [title: string, cell: (scenario: Scenario) => string];

const RATE: Column = ["requests/s", ({ ratePerSecond }) => `${ratePerSecond}`];
const PER_WORKER: Column = ["per worker", ({ requestsPerWorker }) => `${requestsPerWorker}`];
const CORES: Column = ["cores", ({ cores }) => `${cores}`];
const LIMIT: Column = ["kube-api-qps", ({ controller }) => `${controller.qps}`];
const REFILL: Column = [
  "refill alone",
  ({ startSeconds, startCoreSeconds }) => `${startSeconds + startCoreSeconds} s`,
];

/** Below all limits. */
const STEADY: readonly Load[] = [
  { ratePerSecond: 1, cores: 2 },
  { ratePerSecond: 2, cores: 4 },
  { ratePerSecond: 5 },
  { ratePerSecond: 10 },
  { ratePerSecond: 5, startSeconds: 9 },
  { ratePerSecond: 14, cores: 64 },
  { ratePerSecond: 18, cores: 64 },
  { ratePerSecond: 25, cores: 64, controller: { qps: 100, burst: 150 } },
];

/** Over a limit. */
const EXCESSIVE: readonly (readonly [load: Load, poolSizes: readonly number[]])[] = [
  [{ ratePerSecond: 3, cores: 2 }, [8, 100]],
  [{ ratePerSecond: 25, cores: 64 }, [100, 300]],
];

const REUSE: readonly Load[] = [
  { ratePerSecond: 80, requestsPerWorker: 10 },
  { ratePerSecond: 80, requestsPerWorker: 50 },
  { ratePerSecond: 250, requestsPerWorker: 50 },
];

const BURSTS: readonly (readonly [size: number, poolSizes: readonly number[]])[] = [
  [50, [50, 25, 10]],
  [100, [100, 50, 36, 20]],
];
const BURSTS_SECONDS_APART = 60;

/**
 * Simulates the loads of docs/scaling.md.
 *
 * @returns Lines of text, Markdown
 */
export function report(): string {
  return [
    ...sizedTable(STEADY, [RATE, CORES, LIMIT, REFILL]),
    "",
    ...excessTable(),
    "",
    ...sizedTable(REUSE, [RATE, PER_WORKER]),
    "",
    ...burstTable(),
  ].join("\n");
}

/** Each load with as many pods as are being replaced on average, and with the rule's number. */
function sizedTable(loads: readonly Load[], columns: readonly Column[]): string[] {
  const rows = loads.flatMap((load) => {
    const needed = podsNeeded(load);
    return [Math.ceil(needed), poolSize(needed)].map((size, i) => [
      ...columns.map(([, cell]) => cell(withPool(load, size))),
      needed.toFixed(1),
      i === 0 ? `${size}` : `**${size}**`,
      ...cells(measure(load, size)),
    ]);
  });
  return markdownTable(
    [...columns.map(([title]) => title), "being replaced", "pool size", ...FIGURES],
    rows,
  );
}

function excessTable(): string[] {
  const columns = [RATE, CORES, LIMIT];
  const rows = EXCESSIVE.flatMap(([load, sizes]) =>
    sizes.map((size) => [
      ...columns.map(([, cell]) => cell(withPool(load, size))),
      `${size}`,
      ...cells(measure(load, size)),
    ])
  );
  return markdownTable([...columns.map(([title]) => title), "pool size", ...FIGURES], rows);
}

function burstTable(): string[] {
  const rows = BURSTS.flatMap(([size, poolSizes]) =>
    poolSizes.map((poolSize) => {
      const { decisions } = simulate({
        ...ASSUMED,
        poolSize,
        ratePerSecond: 0,
        burst: { size, everySeconds: BURSTS_SECONDS_APART },
        durationSeconds: 50 * BURSTS_SECONDS_APART,
      });
      return [`${size}`, `${poolSize}`, ...cells(summarise(decisions, 0))];
    })
  );
  return markdownTable(["requests at once", "pool size", ...FIGURES], rows);
}

const FIGURES = ["wait p50", "wait p99", "shed"];

const cells = ({ waitP50, waitP99, shed }: Summary): string[] => [
  `${waitP50.toFixed(1)} s`,
  `${waitP99.toFixed(1)} s`,
  `${(shed * 100).toFixed(1)} %`,
];
