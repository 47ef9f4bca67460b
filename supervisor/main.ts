/** Runs the worker processes of a pod behind one port: isolation "process". */

import { exitOnConfigError } from "../shared/exit_on_config_error.ts";
import { listen } from "../shared/http/listen.ts";
import { openPublicKeys } from "../shared/http/public_keys.ts";
import { createLogger, describeError } from "../shared/log.ts";
import { createWorkerLauncher } from "../shared/pool/process/worker_process.ts";
import { createSupervisorApp } from "./app.ts";
import { readSupervisorConfig } from "./config.ts";
import { PodProcesses } from "./pod_processes.ts";
import { createTokenVerifiers } from "./token_verifiers.ts";

const WORKER_START_TIMEOUT_MS = 30_000;
/** A process that starts waits for its files now and then. */
const MIN_STARTS_AT_ONCE = 2;
/** The chart lets a request take at most 12 s. */
const REQUEST_TIMEOUT_MS = 15_000;
/** The process exits this long after its last answer. Until then, the api has deleted the pod. */
const LINGER_AFTER_USE_MS = 5000;
/** A request may arrive after SIGTERM, when the pod was claimed and deleted at the same time. */
const LINGER_AFTER_SIGTERM_MS = 2000;
/** The process exits after this time in any case. Kubernetes would kill the pod after 15 s. */
const SHUTDOWN_DEADLINE_MS = 12_000;

async function main(): Promise<void> {
  const config = await exitOnConfigError(() => readSupervisorConfig(Deno.env));
  const log = (await createLogger(config.log)).child({ pod: config.name });
  const now = () => performance.now();
  const keys = await exitOnConfigError(() => openPublicKeys(config.tokenKeys, { log, now }));
  const processes = new PodProcesses({
    pod: config.name,
    size: config.processes,
    requestsPerWorker: config.requestsPerWorker,
    requestsPerPod: config.requestsPerPod,
    startsAtOnce: Math.max(MIN_STARTS_AT_ONCE, navigator.hardwareConcurrency),
    launch: createWorkerLauncher({ ...config.worker, startTimeoutMs: WORKER_START_TIMEOUT_MS }),
    log,
    now,
    random: Math.random,
  });
  const app = createSupervisorApp({
    name: config.name,
    answersWith: config.answersWith,
    processes,
    verifyToken: createTokenVerifiers(keys),
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    log,
    now,
    newRequestId: () => crypto.randomUUID(),
  });
  const server = await exitOnConfigError(() =>
    listen({
      host: config.host,
      port: config.port,
      onListen: ({ origin }) => console.log(JSON.stringify({ listening: origin })),
      log,
    }, app.fetch)
  );

  let ending = false;
  const end = (lingerMs: number) => {
    if (ending) return;
    ending = true;
    setTimeout(() => Deno.exit(0), SHUTDOWN_DEADLINE_MS);
    setTimeout(async () => {
      processes.stop("ending");
      await processes.ended;
      await server.shutdown();
      await processes[Symbol.asyncDispose]();
      Deno.exit(0);
    }, lingerMs);
  };
  Deno.addSignalListener("SIGINT", () => end(0));
  Deno.addSignalListener("SIGTERM", () => end(LINGER_AFTER_SIGTERM_MS));
  void processes.ended.then((reason) => {
    log.info({ reason }, "supervisor ends");
    end(LINGER_AFTER_USE_MS);
  });
  try {
    await processes.started;
    log.debug({ processes: config.processes }, "first process ready");
  } catch (error) {
    // The processes that were starting have been ended.
    if (ending) return;
    log.error({ error: describeError(error) }, "supervisor cannot start a worker process");
    Deno.exit(1);
  }
}

await main();
