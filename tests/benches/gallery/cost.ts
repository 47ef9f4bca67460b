/** Measures wall-clock and CPU time of work that alternates with other work. */

import process from "node:process";
import { median } from "../timing.ts";

/** Milliseconds of one run. */
export interface Cost {
  readonly wallMs: number;
  /** CPU time of all threads of this process. */
  readonly cpuMs: number;
}

/**
 * Runs several functions in turns: a, b, c, a, b, c. Returns the medians of each. Some additional
 * runs come first as a warm-up: a tenth of `runs`.
 */
export async function costsInTurns<Name extends string>(
  runs: number,
  functions: Readonly<Record<Name, () => unknown>>,
): Promise<Record<Name, Cost>> {
  const names = Object.keys(functions) as Name[];
  const costs = new Map<Name, Cost[]>(names.map((name) => [name, []]));
  for (let i = -Math.ceil(runs / 10); i < runs; i++) {
    for (const name of names) {
      const cost = await costOf(functions[name]);
      if (i >= 0) costs.get(name)!.push(cost);
    }
  }
  const medians = names.map((name) => {
    const all = costs.get(name)!;
    const wallMs = median(all.map((cost) => cost.wallMs));
    return [name, { wallMs, cpuMs: median(all.map((cost) => cost.cpuMs)) }];
  });
  return Object.fromEntries(medians);
}

async function costOf(run: () => unknown): Promise<Cost> {
  const cpu = process.cpuUsage(), started = performance.now();
  await run();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMs: (user + system) / 1000 };
}
