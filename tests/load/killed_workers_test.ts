import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { Service } from "../support/service.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { assertRecognised, loadLabelledPictures } from "./labelled_pictures.ts";

const REQUESTS = 300;
const POOL_SIZE = 4;
/** The test kills one worker each time that it has sent this number of requests. */
const REQUESTS_PER_KILL = 10;
/** Number of requests that measure how fast workers become free. */
const MEASURED_REQUESTS = 40;

for (const GALLERY_MODE of ["workers", "service"]) {
  Deno.test(
    `when workers are killed at random, only their requests fail (GALLERY_MODE=${GALLERY_MODE})`,
    () => killAtRandom(GALLERY_MODE),
  );
}

async function killAtRandom(GALLERY_MODE: string): Promise<void> {
  await using service = await Service.ready({
    GALLERY_MODE,
    POOL_SIZE: String(POOL_SIZE),
    // With more than 1, some workers are killed between two requests, and 300 requests end in time.
    REQUESTS_PER_WORKER: "5",
    QUEUE_LIMIT: String(REQUESTS),
    // This time is so long that no request times out in the queue.
    REQUEST_TIMEOUT_MS: "120000",
    LOG_LEVEL: "debug",
  });
  await service.untilFull(POOL_SIZE);
  const pictures = await loadLabelledPictures();
  const post = async (i: number) => {
    const labelled = pictures[i % pictures.length]!;
    return { labelled, answer: await service.post(labelled.picture) };
  };
  const started = performance.now();
  for (
    const { answer, labelled } of await Promise.all(
      Array.from({ length: MEASURED_REQUESTS }, (_, i) => post(i)),
    )
  ) {
    assertRecognised(answer, labelled);
  }
  const refillMs = (performance.now() - started) / MEASURED_REQUESTS;

  const random = seededRandom(7);
  const pending: ReturnType<typeof post>[] = [];
  let killed = 0;
  for (let i = 0; i < REQUESTS; i++) {
    pending.push(post(i));
    if (i % REQUESTS_PER_KILL === 0 && await killOne(service, random())) killed++;
    await delay(2 * refillMs * 2 * random(), forever());
  }
  const failures = (await Promise.all(pending)).filter(({ answer, labelled }) => {
    if (answer.status === 502) assertProblem(answer, "worker_failed");
    else assertRecognised(answer, labelled);
    return answer.status === 502;
  });

  await service.untilFull(POOL_SIZE);
  assertEquals(await service.metric("face_it_pool_busy"), 0);
  assertEquals(await service.metric("face_it_pool_waiters"), 0);
  const logged = (message: string) => service.log.filter(({ msg }) => msg === message).length;
  const withoutRequest = logged("worker died idle") + logged("worker did not start");
  assert(
    failures.length <= killed - withoutRequest,
    `${failures.length} requests failed, and ${killed} workers were killed`,
  );

  // A busy machine may have had no free worker until now.
  const before = logged("worker died idle");
  assert(await killOne(service, 0), "All workers are free, and one is killed");
  await eventually(() => logged("worker died idle") > before, "a free worker has died");
  await service.untilFull(POOL_SIZE);
}

/** Kills one of the workers. Returns false when that worker had already ended. */
async function killOne(service: Service, chance: number): Promise<boolean> {
  const workers = await service.workers();
  const worker = workers[Math.floor(chance * workers.length)];
  if (worker === undefined) return false;
  try {
    Deno.kill(worker, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return false;
  }
  return true;
}
