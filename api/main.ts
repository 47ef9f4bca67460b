/** The api: listens, wires, shuts down. */

import { listen } from "../shared/http/listen.ts";
import { createLogger, describeError } from "../shared/log.ts";
import { createApiMetrics } from "./metrics.ts";
import { orExit } from "../shared/or_exit.ts";
import { createApp } from "./app.ts";
import { type ApiConfig, readApiConfig } from "./config.ts";
import type { OpenedPool, PoolSurroundings } from "./pool/opened_pool.ts";
import { exists, findStarters, PROCESS_TABLE } from "./starter_watch.ts";
import { createWorkerClient } from "./routes/authenticate/worker_client.ts";

const STARTER_POLL_MS = 500;
/** Kubernetes waits 25 s before it kills, 5 s of them in preStop. */
const SHUTDOWN_DEADLINE_MS = 14_000;

async function main(): Promise<void> {
  const config = await orExit(() => readApiConfig(Deno.env));
  const log = await createLogger(config.log);
  const metrics = createApiMetrics();
  const now = () => performance.now();

  const { pool, tokenKeys, started } = await orExit(() => openPool(config, { log, metrics, now }));
  const app = createApp({
    log,
    metrics,
    pool,
    workers: createWorkerClient(tokenKeys),
    limits: config,
    now,
    newRequestId: () => crypto.randomUUID(),
  });
  const server = await orExit(() =>
    listen({
      host: config.host,
      port: config.port,
      onListen: ({ hostname, port }) => log.info({ hostname, port: Number(port) }, "listening"),
      log,
    }, app.fetch)
  );

  let ending = false;
  const end = async (reason: string) => {
    // Asked a second time, it does not wait.
    if (ending) Deno.exit(1);
    ending = true;
    log.info({ reason }, "shutting down");
    app.drain();
    setTimeout(() => {
      log.error("not all requests ended in time");
      Deno.exit(1);
    }, SHUTDOWN_DEADLINE_MS);
    // Until the last worker is gone who asks is told to come again, instead of finding nobody there.
    await pool[Symbol.asyncDispose]();
    await server.shutdown();
    Deno.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => void end(signal));
  }

  if (config.exitWithStarter) void watchStarter(config.throughNpx, () => void end("starter gone"));

  if (started === undefined) return;
  try {
    await started;
  } catch (error) {
    // Asked to end before the first worker was ready: that is no failure.
    if (ending) return;
    log.error({ error: describeError(error) }, "no worker could be started");
    Deno.exit(1);
  }
  greet(server.port);
}

/** Opens the pool that the configuration names, and loads the code of no other. */
async function openPool(config: ApiConfig, surroundings: PoolSurroundings): Promise<OpenedPool> {
  if (config.pool.kind === "kubernetes") {
    const { openKubernetesPool } = await import("./pool/kubernetes/open_kubernetes_pool.ts");
    return await openKubernetesPool(config, config.pool, surroundings);
  }
  const { openProcessPool } = await import("./pool/process/open_process_pool.ts");
  return openProcessPool(config, config.pool, surroundings);
}

/** Calls back once when whoever started the service is gone. */
async function watchStarter(throughNpx: boolean, onGone: () => void): Promise<void> {
  const parent = Deno.ppid;
  // A machine without ps cannot tell who is above the parent.
  const starters = await findStarters(parent, throughNpx, PROCESS_TABLE)
    .catch(() => ({ pids: [parent] }));
  if (starters === undefined) return onGone();
  const timer = setInterval(() => {
    if (starters.pids.every(exists)) return;
    clearInterval(timer);
    onGone();
  }, STARTER_POLL_MS);
}

/** Tells a person at a terminal what to try. */
function greet(port: number): void {
  const url = `http://localhost:${port}`;
  console.log(`face-it is ready: ${url}\n
Try it there in a browser, or:

    curl --data-binary @test-data/user1_similar.png ${url}/authenticate
`);
}

await main();
