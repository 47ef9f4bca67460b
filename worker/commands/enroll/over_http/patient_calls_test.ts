import { assertEquals, assertRejects } from "@std/assert";
import { type Call, type CallAnswer, NoAnswerError } from "./call.ts";
import { createPatientCalls, MAX_TRIES } from "./patient_calls.ts";

const answer = (status: number, rest: Partial<CallAnswer> = {}): CallAnswer => ({
  status,
  text: "",
  code: undefined,
  detail: "",
  retryAfterSeconds: undefined,
  ...rest,
});
const CALL: Call = { method: "GET", path: "/" };
const GOOD = answer(200);

/** Sends a call to a service that gives these answers; the last one stays. */
const setUp = (...answers: readonly (CallAnswer | Error)[]) => setUpSlow(0, ...answers);

/** Like {@linkcode setUp}, but each answer takes `tookMs`. */
function setUpSlow(tookMs: number, ...answers: readonly (CallAnswer | Error)[]) {
  const left = [...answers];
  const sentAt: number[] = [];
  let time = 0;
  const call = createPatientCalls(() => {
    sentAt.push(time);
    time += tookMs;
    const next = left.length > 1 ? left.shift()! : left[0]!;
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  }, {
    now: () => time,
    sleep: (ms, signal) => {
      time += ms;
      signal.throwIfAborted();
      return Promise.resolve();
    },
    random: () => 1,
  });
  const { signal } = new AbortController();
  return { call, send: (maxTries?: number) => call(CALL, signal, maxTries), sentAt };
}

Deno.test("an answer is passed on, unless the same request can succeed later", async () => {
  for (const status of [200, 201, 302, 400, 401, 404, 409, 413, 422, 500]) {
    const { send, sentAt } = setUp(answer(status));
    assertEquals([(await send()).status, sentAt.length], [status, 1]);
  }
  for (
    const [status, code] of [[408, "request_timeout"], [502, "worker_failed"], [
      504,
      "deadline_exceeded",
    ]] as const
  ) {
    const { send, sentAt } = setUp(answer(status, { code }));
    assertEquals([(await send()).status, sentAt.length], [status, 1]);
  }
  for (const temporary of [429, 503, 408, 502, 504].map((status) => answer(status))) {
    const { send, sentAt } = setUp(temporary, new NoAnswerError("refused"), GOOD);
    assertEquals([(await send()).status, sentAt.length], [200, 3]);
  }
});

Deno.test("the waits grow to a bound, and end after a number of tries", async () => {
  const { send, sentAt } = setUp(new NoAnswerError("Connection refused"));
  await assertRejects(() => send(), NoAnswerError, "Connection refused");
  assertEquals(sentAt.length, MAX_TRIES);
  const waits = sentAt.slice(1).map((time, i) => time - sentAt[i]!);
  assertEquals(waits.slice(0, 7), [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  const three = setUp(answer(503, { code: "no_worker_available", detail: "All are busy" }));
  await assertRejects(
    () => three.send(3),
    NoAnswerError,
    "the answer was 503 no_worker_available: All are busy",
  );
  assertEquals(three.sentAt.length, 3);
});

Deno.test("no request is sent before the time that the service names, but within a bound", async () => {
  for (const [seconds, least] of [[0, 500], [30, 30_000], [999_999, 60_000]] as const) {
    const { call, sentAt } = setUp(answer(429, { retryAfterSeconds: seconds }), GOOD);
    const { signal } = new AbortController();
    await call(CALL, signal);
    await call(CALL, signal);
    assertEquals(sentAt, [0, least, least]);
  }
  // Other requests wait, too.
  const { call, sentAt } = setUp(answer(503, { retryAfterSeconds: 20 }), GOOD);
  const { signal } = new AbortController();
  await assertRejects(() => call(CALL, signal, 1), NoAnswerError);
  await call(CALL, signal);
  assertEquals(sentAt, [0, 20_000]);
});

Deno.test("a service that keeps each request waiting is given up after about two minutes", async () => {
  const { send, sentAt } = setUpSlow(60_000, new NoAnswerError("no answer within 60 seconds"));
  await assertRejects(() => send(), NoAnswerError, "no answer within 60 seconds");
  assertEquals(sentAt, [0, 60_500]);
});

Deno.test("one request too many waits while the service does others, and else ends", async () => {
  const limited = answer(429, { code: "too_many_requests", retryAfterSeconds: 50 });
  let time = 0;
  let tries = 0;
  const call = createPatientCalls(({ path }) => {
    if (path !== "/unlucky") return Promise.resolve(GOOD);
    tries++;
    return Promise.resolve(limited);
  }, {
    now: () => time,
    // Another request is done in each of the first minutes.
    sleep: async (ms, signal) => {
      time += ms;
      if (tries < 3 * MAX_TRIES) await call({ method: "GET", path: "/lucky" }, signal);
    },
    random: () => 1,
  });
  const { signal } = new AbortController();
  await assertRejects(
    () => call({ method: "GET", path: "/unlucky" }, signal),
    NoAnswerError,
    "429 too_many_requests",
  );
  assertEquals(tries, 3 * MAX_TRIES + 3);
});

Deno.test("a wait ends when the signal aborts, and other errors are passed on", async () => {
  const stopped = new AbortController();
  const { call } = setUp(answer(503, { retryAfterSeconds: 20 }));
  stopped.abort(new RangeError("stopped"));
  await assertRejects(() => call(CALL, stopped.signal), RangeError, "stopped");
  const failing = setUp(new TypeError("bug"));
  await assertRejects(() => failing.send(), TypeError, "bug");
  assertEquals(failing.sentAt.length, 1);
});
