/** Runs the program of a hook of the chart: connects to the cluster, and ends with an exit code. */

import { createLogger, describeError, type Logger } from "../../shared/log.ts";
import { Cluster } from "./cluster.ts";

/** Runs the work, and exits: with 1 and one line in the log when it fails. */
export async function runHook(
  work: (cluster: Cluster, log: Logger) => Promise<void>,
): Promise<never> {
  const log = await createLogger({ level: "info", format: "json", service: "keys" });
  try {
    await using cluster = await Cluster.connect(
      Deno.env.get("KUBERNETES_SERVICE_HOST") !== undefined,
    );
    await work(cluster, log);
  } catch (error) {
    log.error({ error: describeError(error) }, "the hook failed");
    Deno.exit(1);
  }
  Deno.exit(0);
}
