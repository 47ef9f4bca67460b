import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "../../shared/backoff.ts";
import { REQUEST_ID_HEADER } from "../../shared/contract/contract.ts";
import type { Answer } from "../support/answer.ts";
import { assertProblem } from "../support/assert_problem.ts";
import { eventually } from "../support/eventually.ts";
import { forever } from "../support/forever.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";

Deno.test("a request that takes too long is refused, and its hanging worker is destroyed", async () => {
  await using service = await Service.ready({ POOL_SIZE: "1", REQUEST_TIMEOUT_MS: "1500" });
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const picture = await sample("user1.png");
  const answers = await Promise.all([service.post(picture), service.post(picture)]);
  const [waiting, hanging] = answers.toSorted((a, b) => a.status - b.status);
  assertStringIncludes(assertProblem(hanging!, "deadline_exceeded"), "1500 ms");
  assertStringIncludes(assertProblem(waiting!, "no_worker_available"), "in time");
  assertRetryAfter(waiting!);
  await service.untilFull(1);
  assert(!(await service.workers()).includes(worker!), "The hanging worker still runs");
  assertEquals((await service.post(picture)).status, 200);
});

Deno.test("a request is refused immediately when all workers are busy and the queue is full", async () => {
  await using service = await Service.ready({ POOL_SIZE: "1", QUEUE_LIMIT: "0" });
  const [worker] = await service.workers();
  Deno.kill(worker!, "SIGSTOP");
  const picture = await sample("user1_similar.png");
  const first = service.post(picture);
  await untilBusy(service);
  const refused = await service.post(picture);
  assertStringIncludes(assertProblem(refused, "no_worker_available"), "queue is full");
  assertRetryAfter(refused);
  assertEquals(await service.metric("face_it_pool_shed_total"), 1);
  Deno.kill(worker!, "SIGCONT");
  assertEquals((await first).status, 200);
  await service.untilFull(1);
});

Deno.test("when a worker dies, its request fails and the next request gets another worker", async () => {
  await using service = await Service.ready();
  const workers = await service.workers();
  for (const worker of workers) Deno.kill(worker, "SIGSTOP");
  const answer = service.post(await sample("user1.png"), {
    headers: { [REQUEST_ID_HEADER]: "dies" },
  });
  await untilBusy(service);
  // A stopped worker cannot report that the request has arrived, so wait for a fixed time.
  await delay(300, forever());
  for (const worker of workers) Deno.kill(worker, "SIGKILL");
  assertProblem(await answer, "worker_failed");
  const line = service.log.find(({ request_id }) => request_id === "dies");
  assertEquals([line?.["status"], line?.["code"]], [502, "worker_failed"]);
  assert(line?.["cause"], "The log does not name the cause");
  await service.untilFull();
  assert((await service.workers()).every((worker) => !workers.includes(worker)));
  assertEquals((await service.post(await sample("user1.png"))).status, 200);
});

async function untilBusy(service: Service): Promise<void> {
  await eventually(
    async () => await service.metric("face_it_pool_busy") === 1,
    "a request has a worker",
  );
}

function assertRetryAfter(answer: Answer): void {
  const seconds = Number(answer.headers.get("Retry-After"));
  assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After ${seconds}`);
}
