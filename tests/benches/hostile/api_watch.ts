/** Measures the api from outside while hostile requests arrive. Works on Linux only. */

import { delay } from "../../../shared/backoff.ts";
import { forever } from "../../support/forever.ts";
import { residentBytes } from "../../support/process_facts.ts";
import type { Service } from "../../support/service.ts";

/** Milliseconds of one tick of the kernel's CPU accounting. */
const TICK_MS = 10;
const SAMPLE_EVERY_MS = 250;

/** Returns the milliseconds of CPU that a process has used. */
export async function cpuMs(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The command in brackets may contain spaces. The fields after it are numbered from 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Returns the most bytes of memory that the api had in use while `isRunning` returned true. */
export async function watchMemory(service: Service, isRunning: () => boolean): Promise<number> {
  let highest = 0;
  for (; isRunning(); await delay(SAMPLE_EVERY_MS, forever())) {
    highest = Math.max(highest, await residentBytes(service.pid));
  }
  return highest;
}

/** Returns all delays of the api's event loop that watch_event_loop.ts has written, from line `from`. */
export function eventLoopDelays(service: Service, from: number): number[] {
  return service.lines.slice(from)
    .filter((line) => line.startsWith('{"event_loop_delays_ms"'))
    .flatMap((line): number[] => JSON.parse(line).event_loop_delays_ms);
}

/** Returns the value below which a share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
