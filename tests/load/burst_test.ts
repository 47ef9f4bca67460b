import { assert, assertEquals } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { forever } from "../support/forever.ts";
import { Service } from "../support/service.ts";
import {
  assertRecognised,
  type LabelledPicture,
  loadLabelledPictures,
} from "./labelled_pictures.ts";

const CLIENTS = 200;
const POOL_SIZE = 4;
const QUEUE_LIMIT = 50;
const MAX_TRIES = 10;

for (const GALLERY_MODE of ["workers", "service"]) {
  Deno.test(
    `a pool of 4 serves 54 of 200 requests at once, and the rest later (GALLERY_MODE=${GALLERY_MODE})`,
    () => sendBurst(GALLERY_MODE),
  );
}

async function sendBurst(GALLERY_MODE: string): Promise<void> {
  await using service = await Service.ready({
    GALLERY_MODE,
    POOL_SIZE: String(POOL_SIZE),
    QUEUE_LIMIT: String(QUEUE_LIMIT),
    // This time is so long that no request times out in the queue.
    REQUEST_TIMEOUT_MS: "600000",
  });
  await service.untilFull(POOL_SIZE);
  const pictures = await loadLabelledPictures();
  // The service calculates Retry-After from earlier requests, so send some first.
  await Promise.all(
    pictures.map((labelled) =>
      Promise.all([1, 2, 3, 4, 5].map(() => postUntilServed(service, labelled)))
    ),
  );
  await service.untilFull(POOL_SIZE);
  const tries = await Promise.all(
    Array.from(
      { length: CLIENTS },
      (_, i) => postUntilServed(service, pictures[i % pictures.length]!),
    ),
  );
  const servedAtOnce = tries.filter((count) => count === 1).length;
  assert(
    servedAtOnce >= POOL_SIZE + QUEUE_LIMIT,
    `Only ${servedAtOnce} were served at the first try`,
  );
  assert(servedAtOnce < CLIENTS, "No request was refused, so this was no burst");

  await service.untilFull(POOL_SIZE);
  assertEquals(await service.metric("face_it_pool_busy"), 0);
  assertEquals(await service.metric("face_it_pool_waiters"), 0);
}

/** Posts, and retries after the time in Retry-After. Returns the number of tries. */
async function postUntilServed(service: Service, labelled: LabelledPicture): Promise<number> {
  for (let tries = 1;; tries++) {
    const answer = await service.post(labelled.picture);
    if (answer.status === 503) {
      // While 50 workers start, a slow machine also keeps the gallery from answering in time.
      const { code } = JSON.parse(answer.text);
      assertProblem(answer, code === "gallery_unavailable" ? code : "no_worker_available");
      assert(tries < MAX_TRIES, `Refused ${tries} times`);
      const seconds = Number(answer.headers.get("Retry-After"));
      assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `${seconds} s`);
      await delay(seconds * 1000, forever());
    } else {
      assertRecognised(answer, labelled);
      return tries;
    }
  }
}
