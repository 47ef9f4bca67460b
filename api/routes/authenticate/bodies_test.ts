// Bodies that POST /authenticate refuses, and bodies that do not arrive.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertProblem, createFakeApp, leaseStates, PNG, stalledBody } from "../../fake_app.ts";
import { MATCH } from "../../../shared/contract/fake_answers.ts";
import { eventually } from "../../../tests/support/eventually.ts";
import { png } from "../../../tests/support/png.ts";
import { answering, silentWorker } from "../../recognition/fake_worker_client.ts";

Deno.test("a malformed request is refused before a worker is claimed", async () => {
  const json = { "Content-Type": "application/json" };
  for (
    const [init, code] of [
      [{ body: "{", headers: json }, "invalid_request"],
      [{ body: "{}", headers: json }, "invalid_request"],
      [{ body: "" }, "invalid_request"],
      [{ body: "GIF89a......" }, "unsupported_media_type"],
      [{ body: PNG.slice(0, -1) }, "invalid_image"],
      [
        { body: Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46) },
        "invalid_image",
      ],
      [{ body: png({ width: 1001, height: 1 }, [[]]) }, "payload_too_large"],
      [{ body: new Uint8Array(1001) }, "payload_too_large"],
      [{ headers: { "Content-Length": "1001" } }, "payload_too_large"],
    ] as const
  ) {
    const { post, pool } = createFakeApp();
    await assertProblem(await post(init), code);
    assertEquals(pool.leases, []);
  }
  const { post } = createFakeApp();
  await assertProblem(await post({}, "/authenticate?user_id="), "invalid_request");
});

Deno.test("a misspelt user_id is refused and counted, and no body is read", async () => {
  const { call, post, pool } = createFakeApp();
  let read = false;
  const body = new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 });
  for (const query of ["userid=user1", "user_id[]=user1", "user_id=user1&user_id=user2"]) {
    await assertProblem(await post({ body }, `/authenticate?${query}`), "invalid_request");
  }
  assertEquals([read, pool.leases], [false, []]);
  const metrics = await (await call("/metrics")).text();
  assertStringIncludes(metrics, 'authenticate_seconds_count{outcome="invalid_request"} 3');
});

Deno.test("a user_id that is half a surrogate pair is refused: it would become another one", async () => {
  const { post } = createFakeApp();
  const image_base64 = PNG.toBase64();
  const body = JSON.stringify({ image_base64, user_id: "\ud800" });
  const headers = { "Content-Type": "application/json" };
  await assertProblem(await post({ body, headers }), "invalid_request");
});

Deno.test("a body that does not arrive in time is refused, and no worker is claimed", async () => {
  const { post, pool } = createFakeApp({ limits: { bodyTimeoutMs: 3 } });
  await assertProblem(await post({ body: stalledBody() }), "request_timeout");
  assertEquals(pool.leases, []);
});

Deno.test("a late body is a request_timeout, also when REQUEST_TIMEOUT_MS ends first", async () => {
  const { post } = createFakeApp({ limits: { requestTimeoutMs: 5, bodyTimeoutMs: 5000 } });
  await assertProblem(await post({ body: stalledBody() }), "request_timeout");
});

Deno.test("a client that disconnects during its body is logged as client_gone", async () => {
  const { call, post, pool, lines } = createFakeApp();
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

Deno.test("1,000 stalled uploads do not block another request", async () => {
  const { post, pool } = createFakeApp({
    free: 1,
    queueLimit: 0,
    limits: { queueLimit: 0, maxImageBytes: 1_000_000, bodyTimeoutMs: 1_000_000 },
    workers: [answering(MATCH)],
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
  assertEquals([leaseStates(pool), pool.refusals], [["kept"], 0]);
});

Deno.test("no body is read while the queue is full", async () => {
  const { post } = createFakeApp({ free: 0, limits: { queueLimit: 0 } });
  let read = false;
  const body = new ReadableStream({
    pull() {
      read = true;
    },
  }, { highWaterMark: 0 });
  await assertProblem(await post({ body }), "no_worker_available");
  assert(!read, "The body was read");
});

Deno.test("one limit applies to all bodies that have arrived", async () => {
  const { post, pool } = createFakeApp({
    free: 2,
    limits: { queueBytes: 1_500_000, maxImageBytes: 1_000_000 },
    workers: [silentWorker, answering(MATCH)],
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
