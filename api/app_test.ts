import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type AuthenticateAnswer,
  AuthenticateAnswerSchema,
  ProblemBodySchema,
} from "../shared/contract/contract.ts";
import { Problem, type ProblemCode, PROBLEMS } from "../shared/contract/problem.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { createApiMetrics } from "./metrics.ts";
import { eventually } from "../tests/support/eventually.ts";
import { createApp } from "./app.ts";
import {
  type FakeWorker,
  FakeWorkerClient,
  silentWorker,
} from "./routes/authenticate/fake_worker_client.ts";
import { FakePool, type FakePoolOptions } from "./pool/fake_pool.ts";
import type { AuthenticateLimits } from "./routes/authenticate/route.ts";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3, 4);
const MATCH: AuthenticateAnswer = {
  matched: true,
  user_id: "user1",
  user_name: "User One",
  confidence: 0.9998,
  similarity: 0.6,
  face: { box: [412, 96, 180, 224] },
  duration_ms: 29,
};
const NON_MATCH: AuthenticateAnswer = {
  matched: false,
  confidence: 0,
  face: { box: [412, 96, 180, 224] },
  duration_ms: 29,
};
const LIMITS: AuthenticateLimits = {
  maxImageBytes: 1000,
  bodyTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  queueLimit: 10,
  queueBytes: 512 * 1024 * 1024,
};

const answers = (answer: AuthenticateAnswer): FakeWorker => () => ({ kind: "answer", answer });
const refuses = (code: ProblemCode): FakeWorker => () => ({
  kind: "refusal",
  problem: new Problem(code, "What the worker says of the picture"),
});
const isUnreached: FakeWorker = () => ({
  kind: "unreached",
  cause: new Error("Connection refused"),
});
const isUsed: FakeWorker = () => ({ kind: "used", cause: new Error("409 worker_used") });
const fails: FakeWorker = () => ({ kind: "failed", cause: new Error("Connection reset") });

interface Settings extends FakePoolOptions {
  readonly workers?: readonly FakeWorker[];
  readonly limits?: Partial<AuthenticateLimits>;
}

/** An app before a pool with one free worker, unless told otherwise. */
function setUp({ workers = [], limits = {}, ...poolOptions }: Settings = {}) {
  const clock = { ms: 0 };
  const pool = new FakePool({ free: 1, ...poolOptions });
  const client = new FakeWorkerClient(workers);
  const { log, lines } = createFakeLog();
  let requests = 0;
  const app = createApp({
    pool,
    workers: client,
    metrics: createApiMetrics(),
    limits: { ...LIMITS, ...limits },
    log,
    now: () => clock.ms,
    newRequestId: () => `request-${++requests}`,
  });
  const call = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://face-it.test${path}`, init));
  const post = (init: RequestInit = {}, path = "/authenticate") =>
    call(path, { method: "POST", body: PNG, ...init });
  return { app, pool, client, clock, lines, call, post };
}

/** A body that begins and never ends. */
const stalledBody = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(PNG) });

async function assertProblem(response: Response, code: ProblemCode): Promise<string> {
  const body = ProblemBodySchema.parse(await response.json());
  assertEquals(body.code, code);
  assertEquals(body.status, PROBLEMS[code].status);
  assertEquals(body.title, PROBLEMS[code].title);
  assertEquals(response.status, PROBLEMS[code].status);
  assertEquals(response.headers.get("Content-Type"), "application/problem+json");
  assertEquals(response.headers.get("X-Request-Id"), body.request_id);
  return body.detail;
}

const states = (pool: FakePool) => pool.leases.map(({ state }) => state);

Deno.test("a worker's answer passes through, with the time that the whole request took", async () => {
  for (const answer of [MATCH, NON_MATCH]) {
    const { post, clock } = setUp({
      workers: [() => {
        clock.ms += 31.26;
        return { kind: "answer", answer };
      }],
    });
    const response = await post();
    assertEquals(response.status, 200);
    assertEquals(response.headers.get("Content-Type"), "application/json");
    const body = AuthenticateAnswerSchema.parse(await response.json());
    assertEquals(body, { ...answer, duration_ms: 31.3 });
  }
});

Deno.test("the worker gets the picture, the user_id and the request's id", async () => {
  const { post, client } = setUp({ workers: [answers(MATCH), answers(MATCH)] });
  await post({ headers: { "X-Request-Id": "mine" } }, "/authenticate?user_id=user1");
  await post({
    body: JSON.stringify({ image_base64: PNG.toBase64() }),
    headers: { "Content-Type": "application/json" },
  });
  assertEquals(client.calls, [
    { worker: "worker-1", probe: { image: PNG, userId: "user1" }, requestId: "mine" },
    { worker: "worker-1", probe: { image: PNG, userId: undefined }, requestId: "request-1" },
  ]);
});

Deno.test("the lease is kept when the worker answered or refused the picture", async () => {
  const { post, pool } = setUp({
    workers: [answers(MATCH), answers(NON_MATCH), refuses("no_face")],
  });
  for (let i = 0; i < 3; i++) await (await post()).body?.cancel();
  assertEquals(states(pool), ["kept", "kept", "kept"]);
  assertEquals(pool.stats().free, 1);
});

Deno.test("what a worker says of a picture is the answer", async () => {
  const codes = [
    "invalid_image",
    "unsupported_media_type",
    "payload_too_large",
    "no_face",
    "multiple_faces",
    "face_too_small",
  ] as const;
  for (const code of codes) {
    const { post } = setUp({ workers: [refuses(code)] });
    assertEquals(await assertProblem(await post(), code), "What the worker says of the picture");
  }
});

Deno.test("a worker that failed is destroyed and its request not tried again", async () => {
  const { post, pool, client, lines } = setUp({ free: 2, workers: [fails] });
  const detail = await assertProblem(await post(), "worker_failed");
  assertEquals(detail.includes("reset"), false);
  assertEquals(states(pool), ["destroyed"]);
  assertEquals(client.calls.length, 1);
  assertEquals(lines.at(-1)!["cause"], "Error: Connection reset");
});

Deno.test("a request that did not reach its worker is tried with another", async () => {
  const { post, pool, client } = setUp({ free: 2, workers: [isUnreached, answers(MATCH)] });
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(states(pool), ["destroyed", "kept"]);
  assertEquals(client.calls.map(({ worker }) => worker), ["worker-1", "worker-2"]);
});

Deno.test("a request that reached neither of two workers fails", async () => {
  const { post, pool, client } = setUp({ free: 3, workers: [isUnreached, isUnreached] });
  await assertProblem(await post(), "worker_failed");
  assertEquals(states(pool), ["destroyed", "destroyed"]);
  assertEquals(client.calls.length, 2);
});

Deno.test("workers that are used up are passed over, however many they are", async () => {
  const workers = [isUsed, isUnreached, isUsed, isUsed, answers(MATCH)];
  const { post, pool } = setUp({ free: 5, workers });
  const response = await post();
  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(states(pool), ["destroyed", "destroyed", "destroyed", "destroyed", "kept"]);
});

Deno.test("a request that is no probe is refused before a worker is claimed", async () => {
  const json = { "Content-Type": "application/json" };
  for (
    const [init, code] of [
      [{ body: "{", headers: json }, "invalid_request"],
      [{ body: "{}", headers: json }, "invalid_request"],
      [{ body: "" }, "invalid_request"],
      [{ body: "GIF89a......" }, "unsupported_media_type"],
      [{ body: new Uint8Array(1001) }, "payload_too_large"],
      [{ headers: { "Content-Length": "1001" } }, "payload_too_large"],
    ] as const
  ) {
    const { post, pool } = setUp();
    await assertProblem(await post(init), code);
    assertEquals(pool.leases, []);
  }
  const { post } = setUp();
  await assertProblem(await post({}, "/authenticate?user_id="), "invalid_request");
});

Deno.test("a body that does not arrive holds no worker and is refused in time", async () => {
  const { post, pool } = setUp({ limits: { bodyTimeoutMs: 3 } });
  await assertProblem(await post({ body: stalledBody() }), "request_timeout");
  assertEquals(pool.leases, []);
});

Deno.test("a body that is late is the client's fault, however short a request may take", async () => {
  const { post } = setUp({ limits: { requestTimeoutMs: 5, bodyTimeoutMs: 5000 } });
  await assertProblem(await post({ body: stalledBody() }), "request_timeout");
});

Deno.test("a client that hangs up amid its body counts as gone", async () => {
  const { call, post, pool, lines } = setUp();
  const body = new ReadableStream({
    pull: (controller) => controller.error(new Deno.errors.BadResource("The client hung up")),
  });
  await assertProblem(await post({ body }), "invalid_request");
  assertEquals(pool.leases, []);
  assertEquals(lines.map(({ level, outcome, cause }) => [level, outcome, cause]), [
    ["info", "client_gone", "BadResource: The client hung up"],
  ]);
  const metrics = await (await call("/metrics")).text();
  assertStringIncludes(metrics, 'face_it_authenticate_seconds_count{outcome="client_gone"} 1');
});

Deno.test("a request over the queue's limit is refused with a time to come again", async () => {
  const { post, pool } = setUp({ free: 0, limits: { queueLimit: 2 }, workers: [silentWorker] });
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

Deno.test("uploads that stall keep nobody out, however many they are", async () => {
  const { post, pool } = setUp({
    free: 1,
    queueLimit: 0,
    limits: { queueLimit: 0, maxImageBytes: 1_000_000, bodyTimeoutMs: 1_000_000 },
    workers: [answers(MATCH)],
  });
  const gone = new AbortController();
  const headers = { "Content-Length": "1000000" };
  const stalled = Array.from(
    { length: 1000 },
    () => post({ signal: gone.signal, body: stalledBody(), headers }),
  );
  const served = await post();
  assertEquals(served.status, 200);
  await served.body?.cancel();
  gone.abort();
  for (const { status } of await Promise.all(stalled)) assertEquals(status, 499);
  assertEquals([states(pool), pool.refusals], [["kept"], 0]);
});

Deno.test("no body is read while the queue is full", async () => {
  const { post } = setUp({ free: 0, limits: { queueLimit: 0 } });
  let read = false;
  const body = new ReadableStream({
    pull() {
      read = true;
    },
  }, { highWaterMark: 0 });
  await assertProblem(await post({ body }), "no_worker_available");
  assert(!read, "It was read");
});

Deno.test("bodies that have arrived have a limit together", async () => {
  const { post, pool } = setUp({
    free: 2,
    limits: { queueBytes: 1_500_000, maxImageBytes: 1_000_000 },
    workers: [silentWorker, answers(MATCH)],
  });
  const gone = new AbortController();
  const large = new Uint8Array(1_000_000);
  large.set(PNG);
  const running = post({ signal: gone.signal, body: large });
  await eventually(() => pool.stats().busy === 1, "the request has a worker");
  const declared = { "Content-Length": "500000" };
  await assertProblem(await post({ headers: declared }), "no_worker_available");
  const undeclared = large.subarray(0, 500_000);
  await assertProblem(await post({ body: undeclared }), "no_worker_available");
  gone.abort();
  await running;
  const next = await post({ body: large });
  assertEquals(next.status, 200);
  await next.body?.cancel();
});

Deno.test("a request that waited in vain hears that there was no worker", async () => {
  const { post, pool } = setUp({ free: 0, limits: { requestTimeoutMs: 3 } });
  const response = await post();
  assertEquals(response.headers.get("Retry-After"), "7");
  await assertProblem(response, "no_worker_available");
  assertEquals(pool.stats().waiters, 0);
});

Deno.test("a request whose worker is too slow ends at its deadline, and the worker with it", async () => {
  const { post, pool } = setUp({ limits: { requestTimeoutMs: 3 }, workers: [silentWorker] });
  await assertProblem(await post(), "deadline_exceeded");
  assertEquals(states(pool), ["destroyed"]);
});

Deno.test("a second worker gets only what is left of the time", async () => {
  const { post, pool } = setUp({
    free: 2,
    limits: { requestTimeoutMs: 3 },
    workers: [isUnreached, silentWorker],
  });
  await assertProblem(await post(), "deadline_exceeded");
  assertEquals(states(pool), ["destroyed", "destroyed"]);
});

Deno.test("a client that goes away leaves the queue", async () => {
  const { post, pool, lines } = setUp({ free: 0 });
  const gone = new AbortController();
  const waiting = post({ signal: gone.signal });
  await eventually(() => pool.stats().waiters === 1, "the request waits");
  gone.abort();
  assertEquals((await waiting).status, 499);
  assertEquals(pool.stats().waiters, 0);
  assertEquals(lines.at(-1)!["outcome"], "client_gone");
});

Deno.test("a client that goes away takes the worker that it had with it", async () => {
  const gone = new AbortController();
  const { post, pool } = setUp({
    workers: [(signal) => {
      queueMicrotask(() => gone.abort());
      return silentWorker(signal);
    }],
  });
  assertEquals((await post({ signal: gone.signal })).status, 499);
  assertEquals(states(pool), ["destroyed"]);
});

Deno.test("a closed pool refuses", async () => {
  const { post, pool } = setUp();
  await pool[Symbol.asyncDispose]();
  await assertProblem(await post(), "no_worker_available");
});

Deno.test("what is unforeseen is an internal error, its detail in the log alone", async () => {
  const { post, pool, lines } = setUp({
    workers: [() => {
      throw new TypeError("gallery of Ms Secret");
    }],
  });
  assertEquals((await assertProblem(await post(), "internal")).includes("Secret"), false);
  assertEquals(states(pool), ["destroyed"]);
  assertEquals(
    lines.find(({ level }) => level === "error")?.["error"],
    "TypeError: gallery of Ms Secret",
  );
});

Deno.test("the log says how a request went, not who was recognised", async () => {
  const { post, lines } = setUp({ workers: [answers(MATCH)] });
  await (await post({}, "/authenticate?user_id=user1")).body?.cancel();
  assertEquals(lines, [{
    level: "info",
    request_id: "request-1",
    method: "POST",
    path: "/authenticate",
    status: 200,
    duration_ms: 0,
    outcome: "matched",
    worker_ms: 29,
    msg: "request",
  }]);
});

Deno.test("/ready says yes once there was a worker, until it drains", async () => {
  const { app, call, post, pool } = setUp({ free: 0, workers: [fails, answers(MATCH)] });
  const ready = async () => {
    const response = await call("/ready");
    return [response.status, await response.json()];
  };
  const yes = [200, { status: "ok" }], no = [503, { status: "unavailable" }];
  assertEquals(await ready(), no);
  pool.add();
  assertEquals(await ready(), yes);
  await (await post()).body?.cancel();
  assertEquals(pool.stats().free, 0);
  assertEquals(await ready(), yes);
  app.drain();
  assertEquals(await ready(), no);
  pool.add();
  const drained = await post();
  assertEquals(drained.status, 200);
  await drained.body?.cancel();
});

Deno.test("/health says yes whatever the pool does", async () => {
  const { app, call } = setUp({ free: 0 });
  app.drain();
  const response = await call("/health");
  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
});

Deno.test("/metrics tells of the pool and of every outcome", async () => {
  const { call, post } = setUp({ free: 3, workers: [answers(MATCH), answers(NON_MATCH), fails] });
  for (let i = 0; i < 3; i++) await (await post()).body?.cancel();
  await (await post({ body: "" })).body?.cancel();
  const response = await call("/metrics");
  assertEquals(response.status, 200);
  assertStringIncludes(response.headers.get("Content-Type")!, "text/plain");
  const lines = (await response.text()).split("\n");
  for (
    const line of [
      "face_it_pool_free 2",
      "face_it_pool_busy 0",
      "face_it_pool_waiters 0",
      'face_it_authenticate_seconds_count{outcome="matched"} 1',
      'face_it_authenticate_seconds_count{outcome="not_matched"} 1',
      'face_it_authenticate_seconds_count{outcome="worker_failed"} 1',
      'face_it_authenticate_seconds_count{outcome="invalid_request"} 1',
    ]
  ) {
    assert(lines.includes(line), line);
  }
});

Deno.test("/openapi.json describes every route and every status", async () => {
  const { call } = setUp();
  const response = await call("/openapi.json");
  assertEquals(response.status, 200);
  const document = await response.json();
  assertEquals(document.openapi, "3.1.0");
  assertEquals(Object.keys(document.paths).sort(), [
    "/authenticate",
    "/health",
    "/metrics",
    "/ready",
  ]);
  const { post } = document.paths["/authenticate"];
  assertEquals(
    Object.keys(post.responses),
    ["200", "400", "405", "408", "413", "415", "422", "500", "502", "503", "504"],
  );
  assertEquals(Object.keys(post.requestBody.content), [
    "application/json",
    "image/jpeg",
    "image/png",
    "image/webp",
    "multipart/form-data",
  ]);
  assertEquals(Object.keys(document.paths["/ready"].get.responses), ["200", "503"]);
});

Deno.test("every reference in /openapi.json leads somewhere", async () => {
  const { call } = setUp();
  const text = await (await call("/openapi.json")).text();
  const { components } = JSON.parse(text);
  const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, name]) =>
    name!
  );
  assert(names.includes("Problem") && names.includes("AuthenticateAnswer"));
  for (const name of names) assert(components.schemas[name] !== undefined, name);
  assertEquals(text.match(/"\$ref":/g)!.length, names.length);
  const codes: string[] = components.schemas.Problem.properties.code.enum;
  for (const code of Object.keys(PROBLEMS)) assert(codes.includes(code), code);
});

Deno.test("there is nothing at other paths", async () => {
  const { call, post } = setUp();
  for (const path of ["/page/", "/authenticate/", "/Authenticate", "/admin"]) {
    await assertProblem(await call(path), "not_found");
    await assertProblem(await post({}, path), "not_found");
  }
});

Deno.test("every path says which methods it has", async () => {
  const { call, pool } = setUp();
  for (
    const [path, method, allow] of [
      ["/authenticate", "GET", "POST"],
      ["/authenticate", "PUT", "POST"],
      ["/health", "POST", "GET, HEAD"],
      ["/ready", "DELETE", "GET, HEAD"],
      ["/metrics", "POST", "GET, HEAD"],
      ["/openapi.json", "POST", "GET, HEAD"],
    ] as const
  ) {
    const response = await call(path, { method });
    assertEquals(response.headers.get("Allow"), allow);
    await assertProblem(response, "method_not_allowed");
  }
  assertEquals(pool.leases, []);
});
