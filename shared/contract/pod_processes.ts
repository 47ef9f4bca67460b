/** Names, paths and messages by which the api uses the processes of a pod: isolation "process". */

import { z } from "zod";

/** Path at which a supervisor tells which of its processes are free. */
export const PROCESSES_PATH = "/processes";

/** Name of a process, unique in its pod. */
const ProcessName = z.string().regex(/^[a-z0-9-]{1,40}$/);

/** Largest number of processes that a pod has at the same time. */
export const MAX_PROCESSES = 64;

/** A line of the answer to `GET /processes`: the names of all processes that wait for a request. */
export const FreeProcessesSchema = z.strictObject({
  free: z.array(ProcessName).max(MAX_PROCESSES),
});

/** Longest line. */
export const MAX_FREE_LINE = 4096;

/** Reads a line. Returns undefined when it is not as documented. */
export function readFreeProcesses(line: string): readonly string[] | undefined {
  if (line.length > MAX_FREE_LINE) return undefined;
  try {
    return FreeProcessesSchema.safeParse(JSON.parse(line)).data?.free;
  } catch {
    return undefined;
  }
}

/** Returns the name under which a process accepts tokens: other pods have other names. */
export const processWorkerName = (pod: string, process: string): string => `${pod}/${process}`;

/** Returns the address of a process behind its supervisor. The paths of a worker are below it. */
export const processUrl = (pod: URL, process: string): URL =>
  new URL(`${PROCESSES_PATH}/${process}/`, pod);
