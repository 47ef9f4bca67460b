import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { Service } from "../support/service.ts";
import { assertRecognised, loadPhotos, type Photo } from "./photos.ts";

const CLIENTS = 200;
const POOL_SIZE = 4;
const QUEUE_LIMIT = 50;
const MAX_TRIES = 10;

Deno.test("of 200 who ask at once, a pool of 4 serves 54, and all who come again when told", async () => {
  await using service = await Service.ready({
    POOL_SIZE: String(POOL_SIZE),
    QUEUE_LIMIT: String(QUEUE_LIMIT),
    // That nobody waits in vain is not what is looked at here.
    REQUEST_TIMEOUT_MS: "120000",
  });
  await service.untilFull(POOL_SIZE);
  const photos = await loadPhotos();
  // What Retry-After says is measured, so that there must have been something to measure.
  await Promise.all(
    photos.map((photo) => Promise.all([1, 2, 3, 4, 5].map(() => askUntilServed(service, photo)))),
  );
  await service.untilFull(POOL_SIZE);
  const tries = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) => askUntilServed(service, photos[i % photos.length]!)),
  );
  const servedAtOnce = tries.filter((count) => count === 1).length;
  assert(servedAtOnce >= POOL_SIZE + QUEUE_LIMIT, `Only ${servedAtOnce} were served at once`);
  assert(servedAtOnce < CLIENTS, "Nobody was refused: this was no burst");

  await service.untilFull(POOL_SIZE);
  assertEquals(await service.metric("face_it_pool_busy"), 0);
  assertEquals(await service.metric("face_it_pool_waiters"), 0);
});

/** Asks as an obedient client does; gives how often it had to. */
async function askUntilServed(service: Service, photo: Photo): Promise<number> {
  for (let tries = 1;; tries++) {
    const answer = await service.post(photo.picture);
    if (answer.status === 503) {
      assertProblem(answer, "no_worker_available");
      assert(tries < MAX_TRIES, `Refused ${tries} times`);
      const seconds = Number(answer.headers.get("Retry-After"));
      assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `${seconds} s`);
      await delay(seconds * 1000, new AbortController().signal);
    } else {
      assertRecognised(answer, photo);
      return tries;
    }
  }
}
