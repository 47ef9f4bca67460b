/** Starts the worker: listens, loads models and gallery, answers its requests, and exits. */

import type { WorkerModels } from "../shared/contract/models_in_use.ts";
import type { SealPart } from "../shared/contract/worker_seal.ts";
import { endWithStdin } from "../shared/end_with_stdin.ts";
import { exitOnConfigError } from "../shared/exit_on_config_error.ts";
import { listen } from "../shared/http/listen.ts";
import { openPublicKeys } from "../shared/http/public_keys.ts";
import { createTokenVerifier } from "../shared/http/worker_token.ts";
import { createLogger, describeError } from "../shared/log.ts";
import { createWorkerApp, type Recognition } from "./app.ts";
import { readWorkerConfig } from "./config.ts";
import { watchGallery } from "./gallery/gallery_watch.ts";
import { reportGallery } from "./report_gallery.ts";
import { GALLERY_WITHOUT_MODEL } from "../shared/gallery_without_model.ts";
import { seal } from "./seal/seal.ts";
import { sealWorker } from "./seal/seal_worker.ts";
import { startWorker } from "./start.ts";

/** The process exits this long after its last answer, so that the answer can still be sent. */
const LINGER_AFTER_USE_MS = 5000;
/** A request may arrive after SIGTERM, when the pod was claimed and deleted at the same time. */
const LINGER_AFTER_SIGTERM_MS = 2000;
/** The process exits after this time in any case. Kubernetes would kill the pod after 15 s. */
const SHUTDOWN_DEADLINE_MS = 12_000;

async function main(): Promise<void> {
  const config = await exitOnConfigError(() => readWorkerConfig(Deno.env));
  const log = (await createLogger(config.log)).child({ worker: config.name });
  const now = () => performance.now();
  let sealed: readonly SealPart[] | undefined;
  const keys = await exitOnConfigError(() =>
    openPublicKeys(config.tokenKeys, {
      log,
      now,
      canRead: () => sealed === undefined || !sealed.includes("system_calls"),
    })
  );
  let recognition: Recognition | undefined;
  let models: WorkerModels | undefined;
  let ending = false;

  const end = (reason: string, lingerMs: number) => {
    if (ending) return;
    ending = true;
    app.drain();
    log.debug({ reason, linger_ms: lingerMs }, "worker ends");
    setTimeout(() => Deno.exit(0), SHUTDOWN_DEADLINE_MS);
    setTimeout(() => server.shutdown().then(() => Deno.exit(0)), lingerMs);
  };

  const app = createWorkerApp({
    ...config,
    verifyToken: createTokenVerifier({ keys, workerName: config.name }),
    log,
    now,
    newRequestId: () => crypto.randomUUID(),
    answersWith: config.gallery === undefined ? "embed" : "authenticate",
    recognition: () => recognition,
    models: () => models,
    seal: () => sealed,
    onUsed: () => end("used", LINGER_AFTER_USE_MS),
  });
  const server = await exitOnConfigError(() =>
    listen({
      host: config.host,
      port: config.port,
      // The process that started the worker reads this first line to learn where the worker
      // listens.
      onListen: ({ origin }) => console.log(JSON.stringify({ listening: origin })),
      log,
      // Another worker takes this one's place.
      onAcceptFailure: () => Deno.exit(1),
    }, app.fetch)
  );

  if (config.exitOnStdinEof) {
    void endWithStdin();
  } else {
    Deno.addSignalListener("SIGINT", () => end("SIGINT", 0));
  }
  Deno.addSignalListener("SIGTERM", () => end("SIGTERM", LINGER_AFTER_SIGTERM_MS));

  const started = performance.now();
  try {
    const watch = config.exitOnStdinEof && config.gallery !== undefined
      ? await watchGallery(config.gallery.embeddingsPath)
      : undefined;
    const worker = await startWorker(config);
    const withoutModel = worker.gallery?.withoutModel ?? [];
    // The process that started the worker replaces it when the gallery changes. In a cluster, a
    // changed gallery is a rollout.
    // That process also logs once, and not for each worker, that a gallery does not name its model.
    if (watch !== undefined) {
      await reportGallery(watch, {
        withoutModel: withoutModel.length > 0,
        print: (line) => console.log(line),
        every: (ms, call) => {
          if (config.followsGallery) Deno.unrefTimer(setInterval(call, ms));
        },
      });
    } else if (withoutModel.length > 0) {
      log.warn({ files: withoutModel }, GALLERY_WITHOUT_MODEL);
    }
    // The last step of the start: a sealed worker can load and open nothing.
    sealed = sealWorker({
      required: config.requireSeal,
      isReportedByStarter: config.exitOnStdinEof,
      looksAtFiles: watch !== undefined && config.followsGallery,
      log,
      seal,
    }).holds;
    models = worker.models;
    recognition = worker.recognition;
    if (config.exitOnStdinEof) console.log(JSON.stringify({ ready: true }));
    log.debug(
      {
        model: worker.model,
        users: worker.gallery?.users,
        templates: worker.gallery?.templates,
        start_ms: Math.round(performance.now() - started),
      },
      "worker ready",
    );
  } catch (error) {
    const failed = describeError(error);
    // The process that started the worker logs the reason, once for all workers that fail alike.
    if (config.exitOnStdinEof) console.log(JSON.stringify({ failed }));
    else log.error({ error: failed }, "worker cannot start");
    Deno.exit(1);
  }
}

await main();
