/** Says that old events of the audit stay, because somebody has changed a row. */

import type { Logger } from "../../shared/log.ts";
import type { GalleryMetrics } from "../metrics.ts";
import type { AuditKept } from "../store/maintenance.ts";

/** A line of the log has at most this number of names. */
const MAX_NAMES = 20;

/** Makes the function that a purge calls. */
export function reportKept(
  log: Pick<Logger, "error">,
  metrics: Pick<GalleryMetrics, "auditKept">,
): AuditKept {
  return (chains) => {
    metrics.auditKept(chains.length);
    if (chains.length === 0) return;
    log.error(
      { chains: chains.length, names: chains.slice(0, MAX_NAMES) },
      "old events of the audit stay, because a row was changed; run gallery audit verify",
    );
  };
}
