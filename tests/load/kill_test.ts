import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";
import { seededRandom } from "../support/seeded_random.ts";
import { assertRecognised, loadPhotos } from "./photos.ts";

const REQUESTS = 300;
const POOL_SIZE = 4;
/** One worker is killed for so many requests. */
const REQUESTS_PER_KILL = 10;
/** Requests by which the rate is measured at which workers come free. */
const MEASURED_REQUESTS = 40;

Deno.test("workers that are killed at random fail their own requests, and nothing else", async () => {
  await using service = await Service.ready({
    POOL_SIZE: String(POOL_SIZE),
    // More than one, so that workers are killed between two requests, too, and 300 pass in time.
    REQUESTS_PER_WORKER: "5",
    QUEUE_LIMIT: String(REQUESTS),
    REQUEST_TIMEOUT_MS: "60000",
    LOG_LEVEL: "debug",
  });
  await service.untilFull(POOL_SIZE);
  const photos = await loadPhotos();
  const ask = async (i: number) => {
    const photo = photos[i % photos.length]!;
    return { photo, answer: await service.post(photo.picture) };
  };
  const started = performance.now();
  for (
    const { answer, photo } of await Promise.all(
      Array.from({ length: MEASURED_REQUESTS }, (_, i) => ask(i)),
    )
  ) {
    assertRecognised(answer, photo);
  }
  const refillMs = (performance.now() - started) / MEASURED_REQUESTS;

  const random = seededRandom(7);
  const asked: ReturnType<typeof ask>[] = [];
  let killed = 0;
  for (let i = 0; i < REQUESTS; i++) {
    asked.push(ask(i));
    if (i % REQUESTS_PER_KILL === 0 && await killOne(service, random())) killed++;
    await delay(2 * refillMs * 2 * random(), new AbortController().signal);
  }
  const failures = (await Promise.all(asked)).filter(({ answer, photo }) => {
    if (answer.status === 502) assertProblem(answer, "worker_failed");
    else assertRecognised(answer, photo);
    return answer.status === 502;
  });

  await service.untilFull(POOL_SIZE);
  assertEquals(await service.metric("face_it_pool_busy"), 0);
  assertEquals(await service.metric("face_it_pool_waiters"), 0);
  const logged = (message: string) => service.log.filter(({ msg }) => msg === message).length;
  const diedIdle = logged("worker died idle");
  const elsewhere = diedIdle + logged("worker did not start");
  assert(diedIdle > 0, "None was killed idle");
  assert(failures.length <= killed - elsewhere, `${failures.length} failed of ${killed} killed`);
});

/** Kills one of the workers; false when it was gone before. */
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
