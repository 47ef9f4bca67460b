import { HttpMethod, RequestContext } from "@kubernetes/client-node";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { send, ServerClock } from "./transport.ts";

const DATE = "Fri, 02 Jan 2026 03:04:05 GMT";

Deno.test("the last response's Date sets the clock; a monotonic clock advances it", () => {
  const monotonic = { ms: 500 };
  const clock = new ServerClock(() => monotonic.ms);
  clock.observe(DATE);
  assertEquals(clock.now(), Date.parse(DATE));
  monotonic.ms += 1234;
  assertEquals(clock.now(), Date.parse(DATE) + 1234);
  clock.observe(DATE);
  assertEquals(clock.now(), Date.parse(DATE));
});

Deno.test("the clock cannot be read before the first response with a valid Date", () => {
  const clock = new ServerClock(() => 0);
  for (const date of [undefined, "", "soon"]) {
    clock.observe(date);
    assertThrows(() => clock.now(), RangeError);
  }
  clock.observe(DATE);
  clock.observe("soon");
  assertEquals(clock.now(), Date.parse(DATE));
});

/** Starts an HTTP server on loopback. `call` makes calls to it; they all use one agent. */
async function startServer(answer: RequestListener) {
  let connections = 0;
  const server = createServer(answer).on("connection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ connections: 1 });
  const call = (method: HttpMethod, body?: string) => {
    const context = new RequestContext(`http://127.0.0.1:${port}/pods`, method);
    context.setHeaderParam("X-Test", "yes");
    context.setDispatcher(agent);
    if (body !== undefined) context.setBody(body);
    return context;
  };
  return {
    call,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

Deno.test("a call is sent unchanged, and its response sets the clock", async () => {
  await using server = await startServer(async (request, response) => {
    const body = await Array.fromAsync(request, String);
    response.setHeader("Date", DATE);
    response.statusCode = 409;
    response.end(`${request.method} ${request.headers["x-test"]} ${body.join("")}`);
  });
  const clock = new ServerClock(() => 0);
  const response = await send(server.call(HttpMethod.PATCH, "[]"), clock, 5000);
  assertEquals(response.httpStatusCode, 409);
  assertEquals(await response.body.text(), "PATCH yes []");
  assertEquals(clock.now(), Date.parse(DATE));
});

Deno.test("deletions with a body share one connection", async () => {
  await using server = await startServer((request, response) => {
    request.resume().on("end", () => response.end("{}"));
  });
  const clock = new ServerClock(() => 0);
  for (let i = 0; i < 5; i++) {
    const response = await send(server.call(HttpMethod.DELETE, "{}"), clock, 5000);
    assertEquals(await response.body.text(), "{}");
  }
  assertEquals(server.connections(), 1);
});

Deno.test("a call without a response ends at its time limit", async () => {
  await using server = await startServer(() => {});
  const error = await assertRejects(
    () => send(server.call(HttpMethod.GET), new ServerClock(() => 0), 50),
    Error,
  );
  assert(error.name === "TimeoutError", String(error));
});
