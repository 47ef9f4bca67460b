/** Starts the gallery service: listens, opens the store, answers, and shuts down. */

import type { ModelCalibration } from "../models/calibration.ts";
import { readCalibrationFile } from "../models/read_calibration.ts";
import { delay } from "../shared/backoff.ts";
import { endWithStdin } from "../shared/end_with_stdin.ts";
import { ConfigError } from "../shared/env.ts";
import { exitOnConfigError } from "../shared/exit_on_config_error.ts";
import { createGalleryTokenVerifier } from "../shared/http/gallery_token.ts";
import { listen } from "../shared/http/listen.ts";
import { openPublicKeys } from "../shared/http/public_keys.ts";
import { createLogger, isPretty } from "../shared/log.ts";
import { type Checkpoints, createCheckpoints } from "./audit/log_checkpoints.ts";
import { reportKept } from "./audit/report_kept.ts";
import { createGalleryApp } from "./app.ts";
import { type GalleryConfig, readGalleryConfig } from "./config.ts";
import { writeDeletions } from "./forget/log_deletions.ts";
import { createGalleryMetrics } from "./metrics.ts";
import { type OpenedGallery, openGallery, readTemplateKeys } from "./open_gallery.ts";
import { createRules } from "./rules.ts";
import { connectionRisk } from "./store/connection_risk.ts";
import { openStore } from "./store/open_store.ts";
import { describeFailure } from "./store_failure.ts";
import { createStoreWatch } from "./store_watch.ts";
import { keepUp } from "./upkeep.ts";

/** A call may arrive after SIGTERM: clients learn later that the service ends. */
const LINGER_AFTER_SIGTERM_MS = 2000;
/** The process exits after this time in any case. Kubernetes would kill the pod after 15 s. */
const SHUTDOWN_DEADLINE_MS = 12_000;
/** The api gives up after 5 seconds. */
const ANSWER_TIMEOUT_MS = 4000;

async function main(): Promise<void> {
  const config = await exitOnConfigError(() => readGalleryConfig(Deno.env));
  let isLogLost = false;
  const log = await createLogger(config.log, undefined, () => {
    isLogLost = true;
  });
  const now = () => performance.now();
  const tokenKeys = await exitOnConfigError(() => openPublicKeys(config.tokenKeys, { log, now }));
  const keys = await exitOnConfigError(() => readTemplateKeys(config.templateKeysPath));
  const findRules = createRules(config.match, await exitOnConfigError(() => readOwn(config)), log);
  const metrics = createGalleryMetrics();
  const watch = createStoreWatch(log);
  const stop = new AbortController();
  let gallery: OpenedGallery | undefined;
  let checkpoints: Checkpoints | undefined = undefined;

  const app = createGalleryApp({
    verifyToken: createGalleryTokenVerifier({ keys: tokenKeys }),
    gallery: () => gallery,
    storeAnswers: () => watch.answers,
    bodyTimeoutMs: config.bodyTimeoutMs,
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
    metrics,
    log,
    now,
    newRequestId: () => crypto.randomUUID(),
  });
  const server = await exitOnConfigError(() =>
    listen({
      host: config.host,
      port: config.port,
      // The process that started this one reads this first line to learn where it listens.
      onListen: ({ origin }) => console.log(JSON.stringify({ listening: origin })),
      log,
    }, app.fetch)
  );

  let ending = false;
  const end = async (reason: string, lingerMs: number) => {
    if (ending) return;
    ending = true;
    log.info({ reason }, "shutting down");
    app.drain();
    setTimeout(() => {
      log.error("not all calls ended in time");
      Deno.exit(1);
    }, SHUTDOWN_DEADLINE_MS);
    await new Promise((resolve) => setTimeout(resolve, lingerMs));
    await server.shutdown();
    stop.abort();
    await checkpoints?.writeLast();
    await gallery?.[Symbol.asyncDispose]();
    Deno.exit(0);
  };
  if (config.exitOnStdinEof) {
    void endWithStdin();
  } else {
    Deno.addSignalListener("SIGINT", () => void end("SIGINT", 0));
  }
  // The process that started this one sends no call after SIGTERM.
  const lingerMs = config.exitOnStdinEof ? 0 : LINGER_AFTER_SIGTERM_MS;
  Deno.addSignalListener("SIGTERM", () => void end("SIGTERM", lingerMs));

  const started = now();
  try {
    gallery = await openGallery({
      open: () =>
        openStore(config.store, {
          keys,
          tries: config.tries,
          onDeletion: writeDeletions({
            log,
            isPretty: isPretty(config.log.format),
            isLost: () => isLogLost,
          }),
          requireConsent: config.requireConsent,
          auditKeptMs: config.auditKeptMs,
          onAuditKept: reportKept(log, metrics),
        }),
      watch,
      log,
      match: config.match,
      policy: config.policy,
      findRules,
      clock: Date.now,
      delay,
      signal: stop.signal,
    });
  } catch (error) {
    if (stop.signal.aborted) return;
    if (error instanceof ConfigError) console.error(error.message);
    else log.error({ error: describeFailure(error) }, "the gallery cannot start");
    Deno.exit(1);
  }
  log.info(
    { ...gallery.follower.target.count(), start_ms: Math.round(now() - started) },
    "gallery ready",
  );
  if (config.exitOnStdinEof) console.log(JSON.stringify({ ready: true }));
  const risk = connectionRisk(config.store);
  if (risk !== undefined) log.warn(risk);
  const { store } = gallery;
  metrics.observeAudit(() => store.unsignedEvents);
  checkpoints = createCheckpoints({
    store,
    log,
    isPretty: isPretty(config.log.format),
    now,
    written: metrics.checkpointWritten,
  });
  await keepUp(gallery, { log, metrics, watch, checkpoints, now, delay, signal: stop.signal });
}

/** Reads the calibration that the settings name. */
async function readOwn(
  { calibrationPath }: GalleryConfig,
): Promise<ModelCalibration | undefined> {
  if (calibrationPath === undefined) return undefined;
  return await readCalibrationFile(calibrationPath).catch((cause: Error) => {
    throw new ConfigError(`Bad environment: MODEL_CALIBRATION: ${cause.message}`, { cause });
  });
}

await main();
