/** Starts the gallery service on this machine. */

import { publicHalves, type SigningKeys } from "../../shared/http/token_keys.ts";
import type { Logger } from "../../shared/log.ts";
import type { ApiConfig } from "../config.ts";
import { startedLogFormat } from "../../shared/process/log_of_started.ts";
import { startProcess } from "../../shared/process/start_process.ts";
import { LocalGallery } from "./local_gallery.ts";
import { localGalleryCommand } from "./local_gallery_command.ts";

/** A gallery with many users is decrypted and indexed before it is ready. */
const START_TIMEOUT_MS = 120_000;

/**
 * Starts the service and keeps it running. It takes its settings from this process's environment.
 *
 * @param tokenKeys The keys whose public halves the service gets
 */
export function openLocalGallery(
  config: Pick<ApiConfig, "log">,
  tokenKeys: SigningKeys,
  { log, now }: { readonly log: Logger; readonly now: () => number },
): LocalGallery {
  const command = localGalleryCommand(Deno.env, {
    logFormat: startedLogFormat(config.log),
    publicKeys: publicHalves(tokenKeys),
  });
  return new LocalGallery({
    launch: (signal) =>
      startProcess(command, { label: "gallery", startTimeoutMs: START_TIMEOUT_MS }, signal),
    log,
    now,
    random: Math.random,
  });
}
