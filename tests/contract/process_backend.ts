/** Real worker processes as a backend for the tests of every pool. */

import { localWorker } from "../../api/pool/process/local_worker.ts";
import { ProcessPool, type WorkerProcess } from "../../shared/pool/process/process_pool.ts";
import { createWorkerLauncher } from "../../shared/pool/process/worker_process.ts";
import { createLogger } from "../../shared/log.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import type { PoolBackend } from "./pool_contract.ts";

const { publicPem: PUBLIC_KEYS } = fakeTokenKeys();

/** Opens the backend. Its workers have an empty gallery. */
export async function openProcessBackend(): Promise<PoolBackend> {
  await using opened = new AsyncDisposableStack();
  const gallery = await Deno.makeTempFile({ suffix: ".json" });
  opened.defer(() => Deno.remove(gallery));
  await Deno.writeTextFile(gallery, '{"embeddings": []}');

  const { env, readable } = localWorker(new Map([["EMBEDDINGS_PATH", gallery]]));
  const log = await createLogger({ level: "silent", format: "json", service: "test" });
  const running = new Map<string, WorkerProcess>();
  const stack = opened.move();
  return {
    open(settings) {
      const launch = createWorkerLauncher({
        env: {
          ...env,
          WORKER_TOKEN_PUBLIC_KEYS: PUBLIC_KEYS,
          REQUESTS_PER_WORKER: String(settings.requestsPerWorker),
        },
        readable,
        startTimeoutMs: 30_000,
      });
      const pool = stack.use(
        new ProcessPool({
          ...settings,
          launch: async (name, signal, onGallery) => {
            const process = await launch(name, signal, onGallery);
            running.set(name, process);
            void process.ended.then(() => running.delete(name));
            return process;
          },
          log,
          metrics: createApiMetrics().pool,
          now: () => performance.now(),
          random: Math.random,
        }),
      );
      return Promise.resolve(pool);
    },
    exists: (name) => Promise.resolve(running.has(name)),
    count: () => Promise.resolve(running.size),
    async kill(name) {
      const process = running.get(name);
      process?.kill();
      await process?.ended;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
