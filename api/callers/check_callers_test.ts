import { OpenAPIHono } from "@hono/zod-openapi";
import fc from "fast-check";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MATCH } from "../../shared/contract/fake_answers.ts";
import { createFakeLog } from "../../shared/fake_log.ts";
import { installService, type ServiceEnv } from "../../shared/http/service.ts";
import { assertProblem, createFakeApp, PNG } from "../fake_app.ts";
import { answering } from "../recognition/fake_worker_client.ts";
import { allowedHosts } from "./allowed_hosts.ts";
import { checkCallers } from "./check_callers.ts";

const LOOPBACK = { hosts: allowedHosts(undefined, "127.0.0.1") };
const APP = "https://app.example.org";
const WITH_APP = { origins: new Set([APP]) };
const CROSS_SITE = { "Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site" };

/** Asks with `headers`, and returns the status. A worker answers with a match. */
async function ask(
  headers: Record<string, string>,
  { url = "http://localhost:8080/authenticate", method = "POST", callers = {} } = {},
): Promise<{ response: Response; claims: number }> {
  const { app, pool } = createFakeApp({ workers: [answering(MATCH)], callers });
  const body = method === "POST" ? { body: PNG } : {};
  const response = await app.fetch(new Request(url, { method, headers, ...body }));
  return { response, claims: pool.leases.length };
}

/** Checks that a request is refused before a worker is claimed. */
async function assertRefused(
  code: "unknown_host" | "forbidden_origin" | "invalid_request",
  headers: Record<string, string>,
  options: Parameters<typeof ask>[1] = {},
): Promise<void> {
  const { response, claims } = await ask(headers, options);
  await assertProblem(response, code);
  assertEquals([claims, response.headers.get("Access-Control-Allow-Origin")], [0, null]);
}

async function assertAnswered(
  headers: Record<string, string>,
  options: Parameters<typeof ask>[1] = {},
): Promise<Headers> {
  const { response } = await ask(headers, options);
  assertEquals((await response.json()).user_id, MATCH.matched && MATCH.user_id);
  return response.headers;
}

Deno.test("on a loopback address, the service answers under the names of this machine", async () => {
  for (
    const Host of [
      "localhost",
      "localhost:8080",
      "LocalHost.:1",
      "127.0.0.1:8080",
      "[::1]:8080",
      "[0:0::1]",
    ]
  ) {
    await assertAnswered({ Host }, { callers: LOOPBACK });
  }
});

Deno.test("on a loopback address, the service does not answer under other names", async () => {
  for (
    const Host of [
      "evil.test",
      "evil.test:8080",
      "localhost.evil.test",
      "127.0.0.1.evil.test",
      "evil-localhost",
      "0.0.0.0:8080",
      "127.0.0.2",
      "192.168.0.1:8080",
      "[::]",
      "[::ffff:127.0.0.1]:8080",
    ]
  ) {
    await assertRefused("unknown_host", { Host }, { callers: LOOPBACK });
  }
  for (const Host of ["user@localhost", "localhost:x", "localhost,evil.test", "::1"]) {
    await assertRefused("invalid_request", { Host }, { callers: LOOPBACK });
  }
});

Deno.test("a whole URL in the request line does not get around the check of the host", async () => {
  const callers = LOOPBACK;
  const Host = "localhost:8080";
  await assertRefused("unknown_host", { Host }, { callers, url: "http://evil.test/authenticate" });
  const url = "http://localhost/authenticate";
  await assertRefused("unknown_host", { Host: "evil.test" }, { callers, url });
  await assertAnswered({ Host }, { callers, url });
});

Deno.test("names that the operator allows replace the default names", async () => {
  const callers = { hosts: allowedHosts(["face.example.org"], "127.0.0.1") };
  await assertAnswered({ Host: "FACE.example.org:8443" }, {
    callers,
    url: "http://face.example.org:8443/authenticate",
  });
  await assertRefused("unknown_host", { Host: "localhost" }, { callers });
});

Deno.test("a service that other machines can reach answers under every name by default", async () => {
  for (const address of ["0.0.0.0", "::", "[::]", "192.168.0.1"]) {
    assertEquals(allowedHosts(undefined, address), undefined);
  }
  for (const address of ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"]) {
    assert(allowedHosts(undefined, address)?.has("localhost"), address);
  }
  assert(allowedHosts(undefined, "127.8.9.10")?.has("127.8.9.10"));
  await assertAnswered({ Host: "anything.test" });
});

Deno.test("health checks get an answer under every name, and /metrics under every address", async () => {
  const { call, pool } = createFakeApp({ callers: LOOPBACK });
  pool.add();
  const status = async (path: string, Host: string) => {
    const response = await call(path, { headers: { Host } });
    await response.body?.cancel();
    return response.status;
  };
  // call() has the host face-it.test in its URL, so the address must be in both places.
  for (const path of ["/health", "/ready"]) {
    assertEquals(await status(path, "10.1.2.3:8080"), 200);
    assertEquals(await status(path, "any.name"), 200);
  }
  const { app } = createFakeApp({ callers: LOOPBACK });
  for (
    const [host, expected] of [
      ["10.1.2.3:8080", 200],
      ["[fd00::7]:8080", 200],
      ["localhost:8080", 200],
      ["evil.test:8080", 421],
    ] as const
  ) {
    const response = await app.fetch(new Request(`http://${host}/metrics`));
    await response.body?.cancel();
    assertEquals(response.status, expected, host);
  }
});

Deno.test("programs that are not browsers are not affected", async () => {
  await assertAnswered({});
  await assertAnswered({ "User-Agent": "curl/8", "Content-Type": "text/plain" });
});

Deno.test("the service's own page may call, also behind a proxy with HTTPS", async () => {
  for (
    const [Host, Origin] of [
      ["localhost:8080", "http://localhost:8080"],
      ["[::1]:8080", "http://[::1]:8080"],
      ["face.example.org", "http://face.example.org"],
      ["face.example.org", "https://face.example.org"],
      ["face.example.org:443", "https://face.example.org"],
      ["Face.Example.org", "https://face.example.org"],
    ] as const
  ) {
    const url = `http://${Host}/authenticate`;
    await assertAnswered({ Host, Origin }, { url });
    await assertAnswered({ Host, Origin, "Sec-Fetch-Site": "same-origin" }, { url });
    await assertAnswered({ Host, "Sec-Fetch-Site": "same-origin" }, { url });
  }
});

Deno.test("the service's own page may call behind a proxy that changes the Host header", async () => {
  const site = { "Sec-Fetch-Site": "same-origin" };
  for (
    const Origin of [
      "https://face.example.org",
      "https://face.example.org:8443",
      "http://localhost:5173",
      "http://127.0.0.1:5173",
      "http://[::1]:5173",
    ]
  ) {
    await assertAnswered({ Host: "localhost:8080", Origin, ...site }, { callers: LOOPBACK });
    await assertAnswered({ Host: "face-it.default.svc:8080", Origin, ...site });
    // A browser that does not say more, or says something else.
    for (const site of [undefined, "none", "same-site", "cross-site", "same-origin, same-origin"]) {
      const headers = { Origin, ...site === undefined ? {} : { "Sec-Fetch-Site": site } };
      await assertRefused("forbidden_origin", { Host: "face-it.default.svc:8080", ...headers });
    }
  }
  // Behind such a proxy, the check of the host sees no rebound name. Browsers send no Sec-Fetch-Site
  // to an address that can be rebound.
  for (
    const Origin of [
      "http://evil.test",
      "http://localhost.evil.test",
      "http://192.168.0.1:8080",
      "null",
      "",
      "chrome-extension://abcdef",
      "https://user@face.example.org",
      "https://face.example.org, https://evil.test",
    ]
  ) {
    await assertRefused("forbidden_origin", { Host: "localhost:8080", Origin, ...site });
  }
  // The check of the host stays.
  const Origin = "https://evil.test";
  const callers = LOOPBACK;
  await assertRefused("unknown_host", { Host: "evil.test", Origin, ...site }, { callers });
});

Deno.test("pages of other sites may not call", async () => {
  const Host = "localhost:8080";
  for (
    const headers of [
      CROSS_SITE,
      { "Origin": "https://evil.test" },
      { "Origin": "null" },
      { "Origin": "" },
      { "Origin": "http://localhost:3000" },
      { "Origin": "http://localhost" },
      { "Origin": "https://localhost:8080.evil.test" },
      { "Origin": "http://user@localhost:8080" },
      { "Origin": "http://localhost:8080/" },
      { "Origin": "http://localhost:8080, https://evil.test" },
      { "Origin": "chrome-extension://abcdef" },
      { "Origin": "file://localhost:8080" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
      { "Sec-Fetch-Site": "none, cross-site" },
      { "Sec-Fetch-Site": "SAME-ORIGIN" },
      { "Sec-Fetch-Site": "" },
      { "Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-site" },
      { "Origin": "https://evil.test", "Sec-Fetch-Site": "same-site" },
      { "Origin": "https://evil.test", "Sec-Fetch-Site": "none" },
      { ...CROSS_SITE, "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test" },
      { ...CROSS_SITE, "Content-Type": "text/plain" },
      { ...CROSS_SITE, "X-HTTP-Method-Override": "GET" },
    ] as Record<string, string>[]
  ) {
    await assertRefused("forbidden_origin", { Host, ...headers });
  }
});

Deno.test("no origin but the own one may call, unless the browser says that it is the own one", async () => {
  await fc.assert(fc.asyncProperty(
    fc.oneof(fc.webUrl(), fc.string(), fc.domain(), fc.constant("null")),
    fc.constantFrom(
      {},
      ...["none", "same-site", "cross-site"].map((site) => ({
        "Sec-Fetch-Site": site,
      })),
    ),
    async (text, site) => {
      let headers: Headers;
      try {
        headers = new Headers({ Host: "localhost:8080", Origin: text, ...site });
      } catch {
        return; // Not a header value.
      }
      const { response } = await ask(Object.fromEntries(headers));
      await assertProblem(response, "forbidden_origin");
    },
  ));
});

Deno.test("other sites may link to the pages, but they may not show or change them", async () => {
  const link = { ...CROSS_SITE, "Sec-Fetch-Mode": "navigate" };
  for (const path of ["/", "/docs", "/openapi.json", "/page/page.js"]) {
    for (const method of ["GET", "HEAD"]) {
      const { response } = await ask(link, { url: `http://localhost${path}`, method });
      await response.body?.cancel();
      assertEquals(response.status, 200, path);
      assertEquals(response.headers.get("Cross-Origin-Resource-Policy"), "same-origin");
      assertStringIncludes(
        response.headers.get("Content-Security-Policy")!,
        "frame-ancestors 'none'",
      );
    }
    await assertRefused("forbidden_origin", link, { url: `http://localhost${path}` });
  }
});

Deno.test("a route that is added later is closed to other sites and under other names", async () => {
  const app = new OpenAPIHono<ServiceEnv>();
  const { log } = createFakeLog();
  installService(app, { log, now: () => 0, newRequestId: () => "id" });
  checkCallers(app, { hosts: new Set(["localhost"]), origins: new Set() });
  let calls = 0;
  app.on(["GET", "PUT", "DELETE", "PATCH", "POST"], "/users/:id", (c) => {
    calls++;
    return c.json({});
  });
  const call = async (method: string, headers: HeadersInit, host = "localhost") =>
    (await app.fetch(new Request(`http://${host}/users/7`, { method, headers }))).status;
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH", "POST", "OPTIONS"]) {
    assertEquals(await call(method, CROSS_SITE), 403, method);
    assertEquals(await call(method, { "Sec-Fetch-Site": "cross-site" }), 403, method);
    assertEquals(await call(method, {}, "evil.test"), 421, method);
  }
  assertEquals(calls, 0);
  assertEquals(await call("DELETE", {}), 200);
});

Deno.test("a page of an allowed origin may call, and read every response", async () => {
  const Host = "face.example.org";
  const url = `http://${Host}/authenticate`;
  const headers = { Host, "Origin": APP, "Sec-Fetch-Site": "cross-site" };
  const callers = WITH_APP;
  const answered = await assertAnswered(headers, { callers, url });
  assertEquals(answered.get("Access-Control-Allow-Origin"), APP);
  assertEquals(answered.get("Vary"), "Origin");
  assertEquals(answered.get("Access-Control-Allow-Credentials"), null);
  const exposed = answered.get("Access-Control-Expose-Headers")!;
  for (const name of ["RateLimit", "Retry-After", "WWW-Authenticate", "X-Request-Id"]) {
    assertStringIncludes(exposed, name);
  }

  // Errors, too.
  for (const path of ["/authenticate", "/nothing"]) {
    const { response } = await ask(headers, {
      callers,
      url: `http://${Host}${path}`,
      method: "GET",
    });
    await response.body?.cancel();
    assert(response.status >= 400);
    assertEquals(response.headers.get("Access-Control-Allow-Origin"), APP);
  }
  for (const other of ["https://app.example.org:8443", "http://app.example.org", `${APP}.`]) {
    await assertRefused("forbidden_origin", { ...headers, Origin: other }, { callers, url });
  }
  // A cache must not give this response to a page of an allowed origin.
  const { response } = await ask({}, { callers, url });
  assertEquals(response.headers.get("Vary"), "Origin");
  await response.body?.cancel();
});

Deno.test("a browser's question before a request is answered only for allowed origins", async () => {
  const question = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
    "Access-Control-Request-Private-Network": "true",
    "Sec-Fetch-Site": "cross-site",
  };
  const options = { callers: WITH_APP, method: "OPTIONS" };
  const { response } = await ask({ Origin: APP, ...question }, options);
  assertEquals([response.status, await response.text()], [204, ""]);
  assertEquals(response.headers.get("Access-Control-Allow-Origin"), APP);
  assertStringIncludes(response.headers.get("Access-Control-Allow-Methods")!, "POST");
  for (const name of ["Authorization", "Content-Type", "If-None-Match"]) {
    assertStringIncludes(response.headers.get("Access-Control-Allow-Headers")!, name);
  }
  assertEquals(response.headers.get("Access-Control-Allow-Private-Network"), null);
  assertEquals(response.headers.get("Access-Control-Allow-Credentials"), null);

  await assertRefused("forbidden_origin", { Origin: "https://evil.test", ...question }, options);
  const own = await ask({}, options);
  await assertProblem(own.response, "method_not_allowed");
});

Deno.test("a refused request is one line in the log, with its code", async () => {
  const { post, lines } = createFakeApp({ callers: LOOPBACK });
  await (await post()).body?.cancel();
  assertEquals([lines.length, lines[0]!["code"], lines[0]!["status"]], [1, "unknown_host", 421]);
});
