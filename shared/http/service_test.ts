import { Hono } from "hono";
import { z } from "zod";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type ProblemBody, ProblemBodySchema } from "../contract/contract.ts";
import { abortable } from "../abortable.ts";
import { Problem } from "../contract/problem.ts";
import { createFakeLog } from "../fake_log.ts";
import { takes } from "./route_input.ts";
import { installService, refuseOtherMethods, roundMs, type ServiceEnv } from "./service.ts";

/** Makes a service with a few routes; /echo takes 2.5 ms. */
function setUp() {
  const clock = { ms: 0 };
  const { log, lines } = createFakeLog();
  let made = 0;
  const codes: unknown[] = [];
  const app = new Hono<ServiceEnv>();
  installService(app, { log, now: () => clock.ms, newRequestId: () => `made-${++made}` });
  app.use("/echo", async (c, next) => {
    await next();
    codes.push(c.get("event")["code"]);
  });
  const input = takes({ query: z.strictObject({ user_id: z.string() }), body: true });
  app.post("/echo", input, async (c) => {
    clock.ms += 2.5;
    c.get("event")["outcome"] = "echoed";
    return c.text(await c.req.text());
  });
  app.get("/health", (c) => c.text("ok"));
  app.get("/users/:user_id", (c) => c.text(c.req.param("user_id")));
  app.get("/problem", () => {
    throw new Problem("no_worker_available", "All are busy", {
      cause: new RangeError("underneath"),
      retryAfterSeconds: 3,
    });
  });
  app.get("/bug", () => {
    throw new TypeError("the key is hunter2", { cause: new Error("and so on") });
  });
  app.get("/wait", (c) => abortable(new Promise<Response>(() => {}), c.req.raw.signal));
  refuseOtherMethods(app);
  const call = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://test${path}`, init));
  return { call, lines, codes };
}

const problemOf = async (response: Response): Promise<ProblemBody> => {
  assertEquals(response.headers.get("Content-Type"), "application/problem+json");
  return ProblemBodySchema.parse(await response.json());
};

Deno.test("a request keeps the id that its client sent", async () => {
  const { call, lines } = setUp();
  for (const id of ["0b9f6a2e-6b1c-4f0e-9d3a-2f3c5a7b9d11", "a", "A_b.c-9", "x".repeat(64)]) {
    const response = await call("/health", { headers: { "X-Request-Id": id } });
    assertEquals(response.headers.get("X-Request-Id"), id);
    assertEquals(lines.at(-1)!["request_id"], id);
  }
});

Deno.test("a request without an id, or with an invalid id, gets a new id", async () => {
  const { call } = setUp();
  const ids = [undefined, "", "x".repeat(65), "a b", 'a"b', "a/b", "ü", "{}"];
  for (const [i, id] of ids.entries()) {
    const headers: HeadersInit = id === undefined ? {} : { "X-Request-Id": id };
    const response = await call("/health", { headers });
    assertEquals(response.headers.get("X-Request-Id"), `made-${i + 1}`);
  }
});

Deno.test("a browser may not cache a response or guess its type", async () => {
  const { call } = setUp();
  for (const path of ["/health", "/problem", "/bug", "/nothing"]) {
    const { headers } = await call(path);
    assertEquals(headers.get("Cache-Control"), "no-store");
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff");
    assert(headers.get("X-Request-Id") !== null);
    // The other directives do not follow from default-src.
    for (const directive of ["default-src", "base-uri", "form-action", "frame-ancestors"]) {
      assertStringIncludes(headers.get("Content-Security-Policy") ?? "", `${directive} 'none'`);
    }
  }
});

Deno.test("a problem has the form of RFC 9457, and only the log has its cause", async () => {
  const { call, lines } = setUp();
  const response = await call("/problem");
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("Retry-After"), "3");
  assertEquals(await problemOf(response), {
    type: "about:blank",
    title: "No worker available",
    status: 503,
    detail: "All are busy",
    code: "no_worker_available",
    request_id: "made-1",
  });
  assertEquals(lines.length, 1);
  assertEquals(lines[0]!["level"], "warn");
  assertEquals(lines[0]!["code"], "no_worker_available");
  assertEquals(lines[0]!["cause"], "RangeError: underneath");
});

Deno.test("only the log has the details of an unexpected error", async () => {
  const { call, lines } = setUp();
  const response = await call("/bug");
  assertEquals(response.status, 500);
  const text = await response.clone().text();
  assertEquals((await problemOf(response)).code, "internal");
  for (const detail of ["hunter2", "TypeError", "service_test", "and so on"]) {
    assert(!text.includes(detail), detail);
  }
  const [error, request] = lines;
  assertEquals(lines.length, 2);
  assertEquals(error!["level"], "error");
  assertEquals(error!["error"], "TypeError: the key is hunter2: Error: and so on");
  assertEquals(error!["request_id"], "made-1");
  assertEquals(request!["code"], "internal");
});

Deno.test("an unknown path is not found", async () => {
  const { call, lines } = setUp();
  for (const method of ["GET", "POST", "DELETE"]) {
    const response = await call("/nothing", { method });
    assertEquals(response.status, 404);
    assertEquals((await problemOf(response)).code, "not_found");
  }
  assertEquals(lines.at(-1)!["code"], "not_found");
});

Deno.test("a wrong method is refused, and Allow lists the right ones", async () => {
  const { call } = setUp();
  const methods = ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"];
  for (const method of methods) {
    const response = await call("/echo", { method });
    assertEquals(response.status, 405);
    assertEquals(response.headers.get("Allow"), "POST");
    assertEquals((await problemOf(response)).code, "method_not_allowed");
  }
  const response = await call("/health", { method: "POST" });
  assertEquals([response.status, response.headers.get("Allow")], [405, "GET, HEAD"]);
});

Deno.test("the middleware of a path sees the code method_not_allowed", async () => {
  const { call, codes, lines } = setUp();
  await call("/echo");
  await call("/echo", { method: "HEAD" });
  assertEquals(codes, ["method_not_allowed", "method_not_allowed"]);
  assertEquals(lines.map(({ code }) => code), codes);
});

Deno.test("a Host header that would change the path is refused", async () => {
  const { call } = setUp();
  for (const host of ["a/b", "a?b", "a#b", "a@b", "a b", "a\\b"]) {
    const response = await call("/health", { headers: { Host: host } });
    assertEquals([host, response.status], [host, 400]);
    assertEquals((await problemOf(response)).code, "invalid_request");
  }
});

Deno.test("each request is one line in the log, without its body, query and headers", async () => {
  const { call, lines } = setUp();
  await call("/echo?user_id=user1", {
    method: "POST",
    body: "a picture",
    headers: { "Authorization": "Bearer secret" },
  });
  assertEquals(lines, [{
    level: "info",
    request_id: "made-1",
    method: "POST",
    path: "/echo",
    status: 200,
    duration_ms: 2.5,
    outcome: "echoed",
    msg: "request",
  }]);
});

Deno.test("the log has the pattern of a path with a user, and no more of an unknown path", async () => {
  const { call, lines } = setUp();
  await call("/users/user1");
  await call("/users/user1", { method: "DELETE" });
  await call("/users/user1/nothing");
  await call("/users/user%31");
  await call("/nothing");
  assertEquals(lines.filter(({ msg }) => msg === "request").map(({ path }) => path), [
    ...["/users/:user_id", "/users/…", "/users/…", "/users/:user_id", "/nothing"],
  ]);
});

Deno.test("a long path is cut in the log", async () => {
  const { call, lines } = setUp();
  await call(`/${"x".repeat(5000)}`);
  assertEquals(String(lines[0]!["path"]).length, 100);
});

Deno.test("requests to /health are logged at debug level only", async () => {
  const { call, lines } = setUp();
  await call("/health");
  assertEquals(lines[0]!["level"], "debug");
});

Deno.test("durations are rounded to a tenth of a millisecond", () => {
  assertEquals([0, 0.04, 0.05, 31.26, 1234.5].map(roundMs), [0, 0, 0.1, 31.3, 1234.5]);
});

Deno.test("a request whose client has disconnected is no error", async () => {
  const { call, lines } = setUp();
  const gone = new AbortController();
  const answer = call("/wait", { signal: gone.signal });
  setImmediate(() => gone.abort());
  const response = await answer;
  assertEquals(response.status, 499);
  assertEquals(lines.map(({ level, outcome }) => [level, outcome]), [["info", "client_gone"]]);
});
