import { assert, assertEquals } from "@std/assert";
import { askWorker } from "../../api/recognition/ask_worker.ts";
import { createWorkerClient } from "../../api/recognition/worker_client.ts";
import { createApiMetrics } from "../../api/metrics.ts";
import { createSeals } from "../../api/recognition/seals.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { openProcessPods } from "../contract/process_pods_pool.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { needs } from "../support/needs.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { loadLabelledPictures } from "./labelled_pictures.ts";

const REQUESTS = 32;
const CLIENTS = 4;
/** The test kills one process each time that this number of requests has been answered. */
const REQUESTS_PER_KILL = 8;

needs("linux")(
  "when processes in pods are killed at random, only their requests fail, and their pods are replaced",
  async () => {
    const { log, lines } = createFakeLog();
    const metrics = createApiMetrics();
    await using opened = await openProcessPods({
      perPod: 2,
      maxPods: 2,
      requestsPerWorker: 1,
      requestsPerPod: 10,
      queueLimit: REQUESTS,
      log,
      env: { EMBEDDINGS_PATH: LOCAL_PATHS.gallery },
    });
    const { pool, cluster } = opened;
    await cluster.addPod();
    await using client = createWorkerClient(() => cluster.keys.signing);
    const pictures = await loadLabelledPictures();
    const random = seededRandom(7);

    let sent = 0, answered = 0, failed = 0;
    const killed = new Set<string>();
    const kill = () =>
      eventually(
        async () => {
          const names = [...cluster.running.keys()];
          const name = names[Math.floor(random() * names.length)];
          if (name === undefined) return false;
          // The supervisor may be faster: it kills each process after its answer.
          const isKilled = await cluster.kill(name, random() < 0.5 ? "SIGKILL" : "SIGABRT");
          if (isKilled) killed.add(name);
          return isKilled;
        },
        "a process is killed",
        60_000,
      );
    const ask = async (i: number) => {
      const { picture: image, userId } = pictures[i % pictures.length]!;
      try {
        const answer = await askWorker(
          (worker, signal) =>
            client.authenticate(worker, { image, userId: undefined }, `request-${i}`, signal),
          {},
          { pool, metrics, models: { see() {} }, seals: createSeals(metrics, log) },
          {
            answer: forever(),
            claim: forever(),
            queueEnded: new Problem("no_worker_available", "None"),
          },
        );
        assertEquals(answer.matched && answer.user_id, userId ?? false);
      } catch (error) {
        assert(error instanceof Problem && error.code === "worker_failed", String(error));
        failed++;
      }
      if (++answered % REQUESTS_PER_KILL === 0) await kill();
    };
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      while (sent < REQUESTS) await ask(sent++);
    }));

    assertEquals(answered, REQUESTS);
    assert(
      failed <= killed.size,
      `${failed} requests failed, ${killed.size} processes were killed`,
    );
    await eventually(() => pool.stats().free >= 2, "the pool is full", 60_000);
    assertEquals([pool.stats().busy, pool.stats().waiters], [0, 0]);
    // No pod outlives a process of it that was killed.
    const podsOfKilled = new Set([...killed].map((name) => name.split("/")[0]!));
    await eventually(
      () => [...podsOfKilled].every((pod) => !cluster.has(pod)),
      "the pods of the killed processes are gone",
    );
    assertEquals(killed.size, REQUESTS / REQUESTS_PER_KILL);
    const used = lines.filter(({ path, status }) =>
      path === "/processes/:process/authenticate" && status === 200
    );
    assertEquals(used.length, REQUESTS - failed);
  },
);
