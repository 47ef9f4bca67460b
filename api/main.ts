/** Starts the api: reads its configuration, connects its parts, listens, and shuts down. */

import { exitOnConfigError } from "../shared/exit_on_config_error.ts";
import { delay } from "../shared/backoff.ts";
import { listen } from "../shared/http/listen.ts";
import { createLogger, describeError } from "../shared/log.ts";
import { createApiMetrics } from "./metrics.ts";
import { createApp } from "./app.ts";
import { openAccess } from "./callers/open_access.ts";
import { type ApiConfig, readApiConfig } from "./config.ts";
import { awaitGallery } from "./gallery/await_gallery.ts";
import { createGalleryClient } from "./gallery/gallery_client.ts";
import { galleryAt, type OpenedGallery } from "./gallery/opened_gallery.ts";
import type { OpenedPool, OpenPoolServices } from "./pool/opened_pool.ts";
import { createWorkerClient } from "./recognition/worker_client.ts";

/** Kubernetes kills the pod 25 s after its shutdown begins. The preStop hook takes 5 s of it. */
const SHUTDOWN_DEADLINE_MS = 14_000;

async function main(): Promise<void> {
  const config = await exitOnConfigError(() => readApiConfig(Deno.env));
  const log = await createLogger(config.log);
  const metrics = createApiMetrics();
  const now = () => performance.now();

  // Handles signals before a worker is started: the workers must end with this process.
  let ending = false;
  const signalled = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      // A second signal ends the process immediately.
      if (ending) Deno.exit(1);
      ending = true;
      signalled.resolve(signal);
    });
  }
  const stop = new AbortController();
  const access = await exitOnConfigError(() => openAccess(config.access, log, stop.signal));
  const { pool, tokenKeys, started, gallery } = await exitOnConfigError(() =>
    openParts(config, { log, metrics, now })
  );
  const galleryClient = gallery &&
    createGalleryClient({ url: gallery.url, keys: tokenKeys, metrics, now });
  if (gallery !== undefined && galleryClient !== undefined) {
    // A service that this process starts is waited for without a warning.
    void (gallery.started ?? Promise.resolve())
      .then(() => awaitGallery(galleryClient, { log, delay }, stop.signal), () => {});
  }
  const app = createApp({
    access,
    gallery: galleryClient,
    log,
    metrics,
    pool,
    workers: createWorkerClient(tokenKeys),
    limits: config,
    policy: config.policy,
    callers: config.callers,
    now,
    newRequestId: () => crypto.randomUUID(),
  });
  const server = await exitOnConfigError(() =>
    listen({
      host: config.host,
      port: config.port,
      onListen: ({ hostname, port }) => log.info({ hostname, port: Number(port) }, "listening"),
      log,
    }, app.fetch)
  );

  const end = async (reason: string) => {
    log.info({ reason }, "shutting down");
    app.drain();
    stop.abort();
    setTimeout(() => {
      log.error("not all requests ended in time");
      Deno.exit(1);
    }, SHUTDOWN_DEADLINE_MS);
    // The server ends after the pool: until then, clients get a 503, not a refused connection.
    await pool[Symbol.asyncDispose]();
    await server.shutdown();
    // The gallery ends last: requests that were accepted still need its decisions.
    await gallery?.[Symbol.asyncDispose]();
    Deno.exit(0);
  };
  void signalled.promise.then(end);

  if (started === undefined) return;
  const exitUnlessStarted = async (start: Promise<void> | undefined, failure: string) => {
    try {
      await start;
    } catch (error) {
      // It is not a failure that a signal came before the first worker was ready.
      if (ending) return;
      log.error({ error: describeError(error) }, failure);
      Deno.exit(1);
    }
  };
  await Promise.all([
    exitUnlessStarted(started, "no worker could be started"),
    exitUnlessStarted(gallery?.started, "the gallery could not be started"),
  ]);
  if (ending) return;
  greet(server.port, access.withoutKey.includes("authenticate"));
}

/** The parts of the service that the api calls. */
interface OpenedParts extends OpenedPool {
  /** undefined when the workers hold the gallery. */
  readonly gallery: OpenedGallery | undefined;
}

/** Opens the configured pool and gallery. Does not load the code of the other kind of pool. */
async function openParts(config: ApiConfig, services: OpenPoolServices): Promise<OpenedParts> {
  const url = config.gallery.kind === "service" ? config.gallery.url : undefined;
  const remote = url && galleryAt(url);
  if (config.pool.kind === "kubernetes") {
    const { openKubernetesPool } = await import("./pool/kubernetes/open_kubernetes_pool.ts");
    return { ...await openKubernetesPool(config, config.pool, services), gallery: remote };
  }
  const { openLocalParts } = await import("./process/open_local_parts.ts");
  return await openLocalParts(config, config.pool, services, remote);
}

/** Prints a command to try, for a person at a terminal. */
function greet(port: number, isOpen: boolean): void {
  const url = `http://localhost:${port}`;
  const key = isOpen ? "" : '-H "Authorization: Bearer KEY" ';
  console.log(`face-it is ready: ${url}\n
Open this address in a browser, or run:

    curl ${key}--data-binary @test-data/user1_similar.png ${url}/authenticate
`);
}

await main();
