/** Seals a worker at the end of its start, and says what holds. */

import type { Logger } from "../../shared/log.ts";
import type { Seal, SealOptions } from "./seal.ts";

/** Settings and services of {@linkcode sealWorker}. */
export interface SealWorkerOptions extends SealOptions {
  /** True when the worker must not start without a complete seal. */
  readonly required: boolean;
  /** True when the process that started the worker logs what is missing, once for all workers. */
  readonly isReportedByStarter: boolean;
  readonly log: Pick<Logger, "info" | "warn" | "debug">;
  /** Seals this process. */
  readonly seal: (options: SealOptions) => Seal;
}

/** Error for a worker whose seal is not complete, and must be. */
export class SealError extends Error {
  /** Name of the class. */
  override readonly name = "SealError";
}

/**
 * Seals this process.
 *
 * @throws {SealError} when a part is missing and the seal is required
 */
export function sealWorker(
  { required, isReportedByStarter, looksAtFiles, log, seal }: SealWorkerOptions,
): Seal {
  const made = seal({ looksAtFiles });
  const { holds, missing } = made;
  if (isComplete(made)) {
    log.info({ seal: holds }, "worker sealed");
    return made;
  }
  const parts = Object.entries(missing).map(([part, reason]) => `${part}: ${reason}`).join("; ");
  if (required) throw new SealError(`REQUIRE_SEAL is true and the seal is not complete: ${parts}`);
  log[isReportedByStarter ? "debug" : "warn"]({ seal: holds, missing }, "worker not sealed");
  return made;
}

/** True when every part holds. */
export const isComplete = ({ missing }: Seal): boolean => Object.keys(missing).length === 0;
