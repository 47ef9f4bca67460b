/** Measures memory, processes and open files of the service while it runs. */

import { openFiles, residentBytes } from "../../support/process_facts.ts";
import type { Service } from "../../support/service.ts";

/** The figures of the service at one moment. */
export interface Sample {
  /** Minutes since the start. */
  readonly minute: number;
  readonly apiMb: number;
  readonly largestWorkerMb: number;
  /** Processes of the service: the api and its workers. */
  readonly processes: number;
  /** Open files and connections of the api. */
  readonly files: number;
  /** Answers and aborted uploads since the start. */
  readonly answers: number;
}

/** Column titles of the lines that {@linkcode writeSample} returns. */
export const SAMPLE_HEAD = "minute  api MB  worker MB  processes  files  answers";

/** Measures the service. */
export async function takeSample(
  service: Service,
  minute: number,
  answers: number,
): Promise<Sample> {
  const workers = await service.workers();
  // A worker can end after it was listed.
  const sizes = await Promise.all(workers.map((pid) => residentBytes(pid).catch(() => 0)));
  return {
    minute,
    apiMb: await residentBytes(service.pid) / 1e6,
    largestWorkerMb: Math.max(0, ...sizes) / 1e6,
    processes: (await service.processes()).length,
    files: await openFiles(service.pid),
    answers,
  };
}

/** Returns a sample as a line of the table. */
export function writeSample(sample: Sample): string {
  return [
    sample.minute.toFixed(1).padStart(6),
    sample.apiMb.toFixed(0).padStart(6),
    sample.largestWorkerMb.toFixed(0).padStart(9),
    String(sample.processes).padStart(9),
    String(sample.files).padStart(5),
    String(sample.answers).padStart(7),
  ].join("  ");
}
