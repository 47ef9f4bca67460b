import { OpenAPIHono } from "@hono/zod-openapi";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { MATCH } from "../../shared/contract/fake_answers.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { installService, type ServiceEnv } from "../../shared/http/service.ts";
import { assertProblem, createFakeApp, PNG } from "../fake_app.ts";
import { answering, embedding } from "../recognition/fake_worker_client.ts";
import { FakeGallery } from "../gallery/fake_gallery.ts";
import { allows, callerOf, checkScopes } from "./check_scopes.ts";
import { fakeAccess, fakeKey, openAccess } from "./fake_access.ts";
import { type Scope, SCOPES } from "./scopes.ts";

/** Callers of the tables: a key with one scope, or no key. */
const CALLERS = [...SCOPES, "nobody"] as const;

/**
 * The callers that may use each operation of /openapi.json when keys are configured. A new operation
 * must be added here.
 */
const MAY: Readonly<Record<string, readonly (Scope | "nobody")[]>> = {
  "POST /authenticate": ["authenticate"],
  "POST /authenticate?user_id=user1": ["verify", "authenticate"],
  "GET /health": CALLERS,
  "GET /ready": CALLERS,
  "GET /metrics": CALLERS,
  "GET /models": SCOPES,
  "PUT /users/{user_id}": ["enrol", "admin"],
  "GET /users/{user_id}": ["admin"],
  "DELETE /users/{user_id}": ["admin"],
  "POST /users/{user_id}/unlock": ["admin"],
  "GET /users": ["admin"],
  "GET /users/{user_id}/export": ["admin"],
  "POST /users/{user_id}/templates": ["enrol", "admin"],
  "POST /users/{user_id}/templates?force=false": ["enrol", "admin"],
  "POST /users/{user_id}/templates?force=true": ["admin"],
  "DELETE /users/{user_id}/templates/{template_id}": ["admin"],
  "GET /audit": ["audit"],
};

/** Answer of the app to one caller. */
async function ask(operation: string, caller: Scope | "nobody") {
  const key = caller === "nobody" ? undefined : fakeKey([caller]);
  const gallery = new FakeGallery();
  const signal = new AbortController().signal;
  const admin = { collection: "default", key: undefined, requestId: "request-0", signal };
  await gallery.putUser(admin, "user1", { name: "User One" });
  const { call, pool } = createFakeApp({
    workers: [operation.includes("/users") ? embedding("face 1") : answering(MATCH)],
    ...!operation.includes("/authenticate") && { gallery },
    access: fakeAccess({ keys: key === undefined ? [] : [key.entry] }),
  });
  const [method, path] = operation.split(" ") as [string, string];
  const body = { PUT: '{"name": "User One"}', POST: PNG }[method];
  const response = await call(path.replaceAll(/\{\w+\}/g, "user1"), {
    method,
    headers: {
      ...key !== undefined && { Authorization: `Bearer ${key.text}` },
      ...method === "PUT" && { "Content-Type": "application/json" },
    },
    ...body !== undefined && { body },
  });
  return { response, claims: pool.leases.length, calls: gallery.calls.length - 1 };
}

Deno.test("each operation of /openapi.json accepts the scopes of the table, and no other caller", async () => {
  const { call } = createFakeApp();
  const { paths } = await (await call("/openapi.json")).json();
  const operations = Object.entries<object>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  );
  const listed = new Set(Object.keys(MAY).map((operation) => operation.split("?")[0]!));
  assertEquals(operations.toSorted(), [...listed].toSorted());
  for (const [operation, may] of Object.entries(MAY)) {
    for (const caller of CALLERS) {
      const { response, claims, calls } = await ask(operation, caller);
      const about = `${operation} by ${caller}`;
      if (may.includes(caller)) {
        assert(response.ok, `${about}: ${response.status}`);
      } else {
        await assertProblem(response, caller === "nobody" ? "unauthorized" : "forbidden_scope");
        assertMatch(response.headers.get("WWW-Authenticate")!, /^Bearer realm="face-it"/, about);
        assertEquals([claims, calls], [0, 0], about);
      }
    }
  }
});

Deno.test("/openapi.json says which scopes an operation needs, and whether it needs a key", async () => {
  const securityOf = async (access: ReturnType<typeof fakeAccess>) => {
    const { call } = createFakeApp({ access });
    const { paths, components } = await (await call("/openapi.json")).json();
    assertEquals(components.securitySchemes.bearer.scheme, "bearer");
    assertEquals([paths["/health"].get.security, paths["/metrics"].get.security], [[], []]);
    return paths["/authenticate"].post.security;
  };
  const keys = [{ bearer: ["verify"] }, { bearer: ["authenticate"] }];
  assertEquals(await securityOf(fakeAccess({ keys: [] })), keys);
  assertEquals(await securityOf(fakeAccess({ keys: [], allowAnonymous: true })), [{}, ...keys]);
  assertEquals(await securityOf(openAccess()), [{}, ...keys]);
});

Deno.test("a route that declares no scopes is closed to everybody", async () => {
  const every = fakeKey(SCOPES);
  for (const access of [openAccess(), fakeAccess({ keys: [every.entry] })]) {
    const app = new OpenAPIHono<ServiceEnv>();
    installService(app, {
      log: createFakeLog().log,
      now: () => 0,
      newRequestId: () => "request-1",
    });
    checkScopes(app, access);
    app.get("/forgotten", (c) => c.text("secret"));
    app.get("/declared/:id", allows(["admin"]), (c) => c.text(callerOf(c).collection));
    const get = (path: string, method = "GET") =>
      app.fetch(
        new Request(`http://test${path}`, {
          method,
          headers: { Authorization: `Bearer ${every.text}` },
        }),
      );
    await assertProblem(await get("/forgotten"), "forbidden_scope");
    assertEquals((await get("/forgotten", "HEAD")).status, 403);
    assertEquals(await (await get("/declared/1")).text(), "default");
  }
});

Deno.test("a request that several routes match needs what each of them declares", async () => {
  const { text, entry } = fakeKey(["verify"]);
  const app = new OpenAPIHono<ServiceEnv>();
  installService(app, { log: createFakeLog().log, now: () => 0, newRequestId: () => "request-1" });
  checkScopes(app, fakeAccess({ keys: [entry] }));
  app.get("/files/forgotten", (c) => c.text("secret"));
  app.get("/files/:name", allows("everybody"), (c) => c.text("public"));
  app.get("/users/*", allows(["verify"]), (_c, next) => next());
  app.get("/users/:id", allows(["admin"]), (c) => c.text("secret"));
  app.get("/users/:id/name", allows(["verify", "admin"]), (c) => c.text("public"));
  app.get("/late", (c) => c.text("secret"), allows("everybody"));
  const get = (path: string) =>
    app.fetch(new Request(`http://test${path}`, { headers: { Authorization: `Bearer ${text}` } }));
  for (const path of ["/files/forgotten", "/users/1", "/late"]) {
    await assertProblem(await get(path), "forbidden_scope");
  }
  for (const path of ["/files/other", "/users/1/name"]) {
    assertEquals(await (await get(path)).text(), "public", path);
  }
});

Deno.test("the api has no route for all methods: such a route would look like middleware", () => {
  const { app } = createFakeApp();
  const paths = app.routes.filter(({ method }) => method === "ALL").map(({ path }) => path);
  assertEquals([...new Set(paths)].toSorted(), ["/*", "/authenticate"]);
});

Deno.test("a user_id in the body is enough for a key with the scope verify", async () => {
  const { text, entry } = fakeKey(["verify"]);
  const access = fakeAccess({ keys: [entry] });
  const headers = { Authorization: `Bearer ${text}`, "Content-Type": "application/json" };
  const image_base64 = PNG.toBase64();
  for (const [body, code] of [[{ image_base64, user_id: "user1" }, 200], [{ image_base64 }, 403]]) {
    const { post, pool } = createFakeApp({ workers: [answering(MATCH)], access });
    const response = await post({ headers, body: JSON.stringify(body) });
    assertEquals([response.status, pool.leases.length], [code as number, code === 200 ? 1 : 0]);
    if (code === 403) {
      assertEquals(
        response.headers.get("WWW-Authenticate"),
        'Bearer realm="face-it", error="insufficient_scope", scope="authenticate"',
      );
      assertMatch(await assertProblem(response, "forbidden_scope"), /scope authenticate/);
    }
  }
});

Deno.test("a bad key is refused before the body is read", async () => {
  const { post } = createFakeApp({ access: fakeAccess({ keys: [] }) });
  const body = new ReadableStream({
    pull() {
      throw new Error("The body was read");
    },
  }, { highWaterMark: 0 });
  const response = await post({
    body,
    headers: { Authorization: `Bearer ${fakeKey(["authenticate"]).text}` },
  });
  await assertProblem(response, "unauthorized");
  assertEquals(
    response.headers.get("WWW-Authenticate"),
    'Bearer realm="face-it", error="invalid_token"',
  );
});

Deno.test("the log has the id of the key, and nothing has its secret", async () => {
  const { text, entry } = fakeKey(["authenticate"]);
  const { post, lines, call } = createFakeApp({
    workers: [answering(MATCH)],
    access: fakeAccess({ keys: [entry] }),
  });
  const headers = { Authorization: `Bearer ${text}` };
  const answer = await post({ headers });
  assertEquals(lines.at(-1)!["key"], entry.id);
  const secret = text.split("_")[2]!;
  const metrics = await (await call("/metrics")).text();
  const seen = [JSON.stringify(lines), await answer.text(), metrics, ...answer.headers.values()];
  for (const output of seen) assert(!output.includes(secret) && !output.includes(secret.slice(8)));
  // /metrics is open, so it does not show which keys exist.
  assert(!metrics.includes(entry.id));
});

Deno.test("without keys, ALLOW_ANONYMOUS opens POST /authenticate alone", async () => {
  const app = new OpenAPIHono<ServiceEnv>();
  installService(app, { log: createFakeLog().log, now: () => 0, newRequestId: () => "request-1" });
  checkScopes(app, fakeAccess({ allowAnonymous: true }));
  for (const scope of SCOPES) app.get(`/${scope}`, allows([scope]), (c) => c.text("yes"));
  const statuses = await Promise.all(
    SCOPES.map(async (scope) => (await app.fetch(new Request(`http://test/${scope}`))).status),
  );
  assertEquals(statuses, [200, 200, 401, 401, 401]);
});

Deno.test("callerOf fails in a route that is open to everybody", () => {
  const c = { req: { raw: new Request("http://test/") } };
  assertThrows(() => callerOf(c as unknown as Parameters<typeof callerOf>[0]), TypeError);
});

/** Sends a request that comes from `peer`. */
function send(
  { app }: ReturnType<typeof createFakeApp>,
  peer: string,
  headers: Record<string, string> = {},
) {
  return app.fetch(
    new Request("http://face-it.test/authenticate", { method: "POST", body: PNG, headers }),
    {
      remoteAddr: { transport: "tcp", hostname: peer, port: 50_000 },
      completed: Promise.resolve(),
    },
  );
}

Deno.test("a key that has sent too many requests gets 429, and other keys do not", async () => {
  const limited = fakeKey(["authenticate"], { rate_per_minute: 2 });
  const other = fakeKey(["authenticate"], { rate_per_minute: 2 });
  const app = createFakeApp({
    free: 10,
    workers: Array(10).fill(answering(MATCH)),
    access: fakeAccess({ keys: [limited.entry, other.entry] }),
  });
  const post = ({ text }: { text: string }) =>
    app.post({ headers: { Authorization: `Bearer ${text}` } });
  for (const remaining of [1, 0]) {
    const { status, headers } = await post(limited);
    assertEquals([status, headers.get("RateLimit-Policy")], [200, '"key";q=2;w=60']);
    assertMatch(headers.get("RateLimit")!, new RegExp(`^"key";r=${remaining};t=\\d+$`));
  }
  const refused = await post(limited);
  await assertProblem(refused, "too_many_requests");
  const seconds = Number(refused.headers.get("Retry-After"));
  assert(seconds >= 1 && seconds <= 60, `${seconds}`);
  assertEquals(refused.headers.get("RateLimit"), `"key";r=0;t=${seconds}`);
  assertEquals((await post(other)).status, 200);
  assertEquals(app.pool.leases.length, 3);
});

Deno.test("an address that has sent too many requests gets 429, before its key is checked", async () => {
  const { text, entry } = fakeKey(["authenticate"], { rate_per_minute: 100 });
  const app = createFakeApp({
    free: 10,
    workers: Array(10).fill(answering(MATCH)),
    access: fakeAccess({ keys: [entry], addressPerMinute: 2, trustedProxies: ["10.0.0.0/8"] }),
  });
  const good = { Authorization: `Bearer ${text}` };
  const answered = await send(app, "192.0.2.1", good);
  assertEquals(
    [answered.status, answered.headers.get("RateLimit-Policy")],
    [200, '"address";q=2;w=60, "key";q=100;w=60'],
  );
  await assertProblem(await send(app, "192.0.2.1", { Authorization: "x" }), "unauthorized");
  await assertProblem(await send(app, "192.0.2.1", { Authorization: "x" }), "too_many_requests");
  // A client cannot choose its address, unless a trusted proxy tells it.
  const lie = { ...good, "X-Forwarded-For": "198.51.100.7" };
  await assertProblem(await send(app, "192.0.2.1", lie), "too_many_requests");
  assertEquals((await send(app, "10.0.0.1", lie)).status, 200);
  const health = new Request("http://face-it.test/health");
  assertEquals((await app.app.fetch(health)).headers.get("RateLimit"), null);
});
