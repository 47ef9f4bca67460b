import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { assertProblem, createFakeApp } from "./fake_app.ts";
import { MATCH, NON_MATCH } from "../shared/contract/fake_answers.ts";
import { answering, failingWorker } from "./recognition/fake_worker_client.ts";

Deno.test("/ready answers 200 after the first worker is ready, and 503 after drain()", async () => {
  const { app, call, post, pool } = createFakeApp({
    free: 0,
    workers: [failingWorker, answering(MATCH)],
  });
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

Deno.test("/health answers 200 in every state of the pool", async () => {
  const { app, call } = createFakeApp({ free: 0 });
  app.drain();
  const response = await call("/health");
  assertEquals([response.status, await response.json()], [200, { status: "ok" }]);
});

Deno.test("/metrics counts the pool's workers and every outcome", async () => {
  const { call, post } = createFakeApp({
    free: 3,
    workers: [answering(MATCH), answering(NON_MATCH), failingWorker],
  });
  for (let i = 0; i < 3; i++) await (await post()).body?.cancel();
  await (await post({ body: "" })).body?.cancel();
  await (await call("/authenticate")).body?.cancel();
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
      'face_it_authenticate_seconds_count{outcome="method_not_allowed"} 1',
    ]
  ) {
    assert(lines.includes(line), line);
  }
});

Deno.test("unknown paths are not found", async () => {
  const { call, post } = createFakeApp();
  for (const path of ["/page/", "/authenticate/", "/Authenticate", "/admin"]) {
    await assertProblem(await call(path), "not_found");
    await assertProblem(await post({}, path), "not_found");
  }
});

Deno.test("every path refuses wrong methods, and Allow lists the right ones", async () => {
  const { call, pool } = createFakeApp();
  const { paths } = await (await call("/openapi.json")).json();
  const allowed: Record<string, string[]> = { "/openapi.json": ["GET", "HEAD"] };
  for (const [path, operations] of Object.entries<object>(paths)) {
    allowed[path.replaceAll(/\{\w+\}/g, "user%2F1")] = Object.keys(operations)
      .flatMap((method) => method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]);
  }
  assertEquals(Object.keys(allowed).length, 13);
  for (const [path, methods] of Object.entries(allowed)) {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      if (methods.includes(method)) continue;
      const response = await call(path, { method });
      assertEquals(response.headers.get("Allow"), methods.join(", "));
      await assertProblem(response, "method_not_allowed");
    }
  }
  const head = await call("/authenticate", { method: "HEAD" });
  assertEquals([head.status, head.headers.get("Allow"), await head.text()], [405, "POST", ""]);
  assertEquals(pool.leases, []);
});
