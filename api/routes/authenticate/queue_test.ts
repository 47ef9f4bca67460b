// Requests that wait for a worker, reach their deadline, or lose their client.

import { assertEquals } from "@std/assert";
import { assertProblem, createFakeApp, leaseStates } from "../../fake_app.ts";
import { delay } from "../../../shared/backoff.ts";
import { forever } from "../../../tests/support/forever.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { silentWorker, unreachableWorker } from "../../recognition/fake_worker_client.ts";

Deno.test("a request is refused when the queue is full, with a Retry-After", async () => {
  const { post, pool } = createFakeApp({
    free: 0,
    limits: { queueLimit: 2 },
    workers: [silentWorker],
  });
  const gone = new AbortController();
  const waiting = [post({ signal: gone.signal }), post({ signal: gone.signal })];
  await eventually(() => pool.stats().waiters === 2, "both wait");
  const refused = await post();
  assertEquals(refused.headers.get("Retry-After"), "7");
  await assertProblem(refused, "no_worker_available");
  assertEquals(pool.refusals, 1);
  gone.abort();
  await Promise.all(waiting);
});

Deno.test("a request that waits too long for a worker gets no_worker_available", async () => {
  const { post, pool } = createFakeApp({ free: 0, limits: { requestTimeoutMs: 3 } });
  const response = await post();
  assertEquals(response.headers.get("Retry-After"), "7");
  await assertProblem(response, "no_worker_available");
  assertEquals(pool.stats().waiters, 0);
});

Deno.test("a request leaves the queue while a worker could still answer in time", async () => {
  const requestTimeoutMs = 200;
  const { post } = createFakeApp({ free: 0, limits: { requestTimeoutMs } });
  const answered: string[] = [];
  // This timer begins after the request's own, so it ends after it.
  const response = post().then((response) => (answered.push("response"), response));
  const deadline = delay(requestTimeoutMs, forever()).then(() => answered.push("deadline"));
  await assertProblem(await response, "no_worker_available");
  await deadline;
  assertEquals(answered, ["response", "deadline"]);
});

Deno.test("at its deadline, a request ends and its slow worker is destroyed", async () => {
  const { post, pool } = createFakeApp({
    limits: { requestTimeoutMs: 3 },
    workers: [silentWorker],
  });
  await assertProblem(await post(), "deadline_exceeded");
  assertEquals(leaseStates(pool), ["destroyed"]);
});

Deno.test("a retry with a second worker has only the time that is left", async () => {
  const { post, pool } = createFakeApp({
    free: 2,
    limits: { requestTimeoutMs: 3 },
    workers: [unreachableWorker, silentWorker],
  });
  await assertProblem(await post(), "deadline_exceeded");
  assertEquals(leaseStates(pool), ["distrusted", "destroyed"]);
});

Deno.test("a client that disconnects leaves the queue", async () => {
  const { post, pool, lines } = createFakeApp({ free: 0 });
  const gone = new AbortController();
  const waiting = post({ signal: gone.signal });
  await eventually(() => pool.stats().waiters === 1, "the request waits");
  gone.abort();
  assertEquals((await waiting).status, 499);
  assertEquals(pool.stats().waiters, 0);
  assertEquals(lines.at(-1)!["outcome"], "client_gone");
});

Deno.test("when the client disconnects, its worker is destroyed", async () => {
  const gone = new AbortController();
  const { post, pool } = createFakeApp({
    workers: [(signal) => {
      queueMicrotask(() => gone.abort());
      return silentWorker(signal);
    }],
  });
  assertEquals((await post({ signal: gone.signal })).status, 499);
  assertEquals(leaseStates(pool), ["destroyed"]);
});

Deno.test("a closed pool refuses requests", async () => {
  const { post, pool } = createFakeApp();
  await pool[Symbol.asyncDispose]();
  await assertProblem(await post(), "no_worker_available");
});
