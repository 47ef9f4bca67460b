import { Hono } from "hono";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { ProblemBodySchema } from "../contract/contract.ts";
import { createFakeLog } from "../fake_log.ts";
import { takes } from "./route_input.ts";
import { installService, refuseOtherMethods, type ServiceEnv } from "./service.ts";

const SERVICE = {
  log: createFakeLog().log,
  now: () => 0,
  newRequestId: () => "request-1",
};

/** Makes an app with one route of each kind. */
function setUp() {
  const app = new Hono<ServiceEnv>();
  installService(app, SERVICE);
  app.use("/strict", (_c, next) => next());
  app.get("/strict", (c) => c.json([...c.get("query")]));
  const query = z.strictObject({ user_id: z.string(), limit: z.string() });
  app.get("/query", takes({ query }), (c) => c.json([...c.get("query")]));
  app.post("/body", takes({ body: true }), async (c) => c.text(await c.req.text()));
  refuseOtherMethods(app);
  const call = async (path: string, init: RequestInit = {}) =>
    await app.fetch(new Request(`http://test${path}`, init));
  return { call };
}

async function assertRefused(response: Response, detail: string, about: string): Promise<string> {
  const problem = ProblemBodySchema.parse(await response.json());
  assertEquals([problem.code, response.status], ["invalid_request", 400], about);
  assertStringIncludes(problem.detail, detail, about);
  return problem.detail;
}

Deno.test("a route takes neither query nor body until it declares them", async () => {
  const { call } = setUp();
  await assertRefused(await call("/strict?x=1"), "this path has no query parameters", "/strict");
  await assertRefused(await call("/body?x", { method: "POST" }), "Unknown", "/body");
  assertEquals(await (await call("/strict", { headers: { "Content-Length": "0" } })).json(), []);
  assertEquals(await (await call("/body", { method: "POST", body: "x" })).text(), "x");
});

Deno.test("a route finds the parameters that it declares", async () => {
  const { call } = setUp();
  const expected = [["user_id", "a b&c=d"], ["limit", ""]];
  for (const query of ["?user_id=a+b%26c=d&limit=", "?&user_id=a%20b%26c%3Dd&&limit&"]) {
    assertEquals(await (await call(`/query${query}`)).json(), expected);
  }
  const detail = await assertRefused(await call("/query?userid=1"), "userid", "/query");
  assertEquals(detail, 'Unknown query parameter "userid"; use "user_id" or "limit"');
  await assertRefused(await call("/query?limit=1&limit=1"), "more than once", "/query");
});

Deno.test("HEAD is as strict as GET", async () => {
  const { call } = setUp();
  for (const [path, status] of [["/strict?x", 400], ["/strict", 200], ["/query?limit=1", 200]]) {
    assertEquals((await call(path as string, { method: "HEAD" })).status, status);
  }
});

Deno.test("an unknown path is 404 and a wrong method is 405, whatever the query is", async () => {
  const { call } = setUp();
  for (const query of ["?x=1", "?user_id=1&user_id=2", "?%", `?${"x".repeat(5000)}`]) {
    assertEquals((await call(`/nothing${query}`)).status, 404);
    assertEquals((await call(`/strict${query}`, { method: "POST" })).status, 405);
    assertEquals((await call(`/strict${query}`, { method: "OPTIONS" })).status, 405);
  }
});
