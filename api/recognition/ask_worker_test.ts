import { assertEquals, assertRejects } from "@std/assert";
import { MATCH } from "../../shared/contract/fake_answers.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { createApiMetrics } from "../metrics.ts";
import { FakePool } from "../../shared/pool/fake_pool.ts";
import { askWorker } from "./ask_worker.ts";
import type { WorkerResult } from "./worker_client.ts";

const UNREACHED: WorkerResult = { kind: "unreached", cause: new Error("refused") };
const ANSWER: WorkerResult = { kind: "answer", answer: MATCH };

/** Asks the workers of a pool. Each call of a worker takes the next of `results`. */
function ask(settlingMs: number | undefined, results: readonly WorkerResult[], free = 3) {
  let ms = 0;
  const pool = new FakePool({ free, settlingMs });
  const left = [...results];
  const signal = new AbortController().signal;
  const answer = askWorker(() => Promise.resolve(left.shift()!), {}, {
    pool,
    metrics: createApiMetrics(),
    models: { see: () => {} },
    seals: { see: () => {} },
    now: () => ms,
    delay: (pause) => Promise.resolve(void (ms += pause)),
  }, { answer: signal, claim: signal, queueEnded: new Problem("no_worker_available", "None") });
  return { pool, answer, waited: () => ms };
}

Deno.test("a new worker that the network hides for a second costs no other worker", async () => {
  const hidden = Array.from({ length: 10 }, () => UNREACHED);
  const { pool, answer, waited } = ask(2000, [...hidden, ANSWER]);
  assertEquals(await answer, MATCH);
  assertEquals([pool.leases.length, waited()], [1, 1000]);
});

Deno.test("a new worker that stays out of reach is replaced by another one", async () => {
  const dead = Array.from({ length: 21 }, () => UNREACHED);
  const { pool, answer } = ask(2000, [...dead, ANSWER]);
  assertEquals(await answer, MATCH);
  assertEquals(pool.leases.map(({ state }) => state), ["distrusted", "kept"]);
});

Deno.test("a worker that has no network of its own is dead when it cannot be reached", async () => {
  const { pool, answer, waited } = ask(undefined, [UNREACHED, ANSWER]);
  assertEquals(await answer, MATCH);
  assertEquals([pool.leases.length, waited()], [2, 0]);
  const both = ask(undefined, [UNREACHED, UNREACHED]);
  await assertRejects(() => both.answer, Problem, "The worker failed");
});

Deno.test("a request that finds every worker used does not use up the pool", async () => {
  const used = (length: number): WorkerResult[] =>
    Array.from({ length }, () => ({ kind: "used", cause: new Error("used") }));
  assertEquals(await ask(undefined, [...used(9), ANSWER], 20).answer, MATCH);
  const { pool, answer } = ask(undefined, [...used(10), ANSWER], 20);
  const problem = await assertRejects(() => answer, Problem, "No worker could be asked");
  assertEquals([problem.code, pool.leases.length], ["no_worker_available", 10]);
});
