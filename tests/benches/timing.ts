/** Measures times on a machine that does other work as well. */

/** Milliseconds that each run of two functions, a and b, took. */
export interface PairedTimes {
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Returns the milliseconds of one run. */
export async function timed(run: () => unknown): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/**
 * Runs two functions in turns: a, b, a, b. So when the machine is slow for a while, both are slow.
 * Some additional runs come first as a warm-up: a tenth of `runs`, which are not returned.
 */
export async function timeInTurns(
  runs: number,
  a: () => unknown,
  b: () => unknown,
): Promise<PairedTimes> {
  const times = { a: [] as number[], b: [] as number[] };
  for (let i = -Math.ceil(runs / 10); i < runs; i++) {
    const [msOfA, msOfB] = [await timed(a), await timed(b)];
    if (i < 0) continue;
    times.a.push(msOfA);
    times.b.push(msOfB);
  }
  return times;
}

/**
 * Returns the value below which `share` of the values lies.
 *
 * @throws {RangeError} when there are no values
 */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("A quantile needs at least one value");
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!;
}

/** Returns the value below which half of the values lie. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Returns the median of the ratios a ÷ b of paired times. */
export function ratioOf({ a, b }: PairedTimes): number {
  return median(a.map((ms, i) => ms / b[i]!));
}
