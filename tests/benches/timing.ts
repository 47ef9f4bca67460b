/** Times things beside each other on a machine that others use as well. */

/** Milliseconds of each run of two things. */
export interface PairedTimes {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Milliseconds that one run takes. */
export async function timed(run: () => unknown): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/**
 * Runs two things in turns, after a tenth of the runs as warm-up. What slows the machine down for a
 * while slows both.
 */
export async function timeInTurns(
  runs: number,
  a: () => unknown,
  b: () => unknown,
): Promise<PairedTimes> {
  const times = { a: [] as number[], b: [] as number[] };
  for (let i = -Math.ceil(runs / 10); i < runs; i++) {
    const [ofA, ofB] = [await timed(a), await timed(b)];
    if (i < 0) continue;
    times.a.push(ofA);
    times.b.push(ofB);
  }
  return times;
}

/** The value below which this share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("There is no quantile of nothing");
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!;
}

/** Half of the values lie below it. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median of the ratios of paired times. */
export function ratioOf({ a, b }: PairedTimes): number {
  return median(a.map((ms, i) => ms / b[i]!));
}
