import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/support/eventually.ts";
import { NotConnected, openConnections } from "./connections.ts";
import {
  ANSWER,
  answerAll,
  call,
  encode,
  OPTIONS,
  slowConnect,
  startServer,
} from "./fake_server.ts";

Deno.test("a connection is used again, and requests at the same time have connections of their own", async () => {
  await using server = startServer(answerAll);
  using connections = openConnections(OPTIONS);
  for (let i = 0; i < 3; i++) await connections.send(call(server.url));
  assertEquals(server.connections, 1);
  await Promise.all([1, 2].map(() => connections.send(call(server.url))));
  assertEquals(server.connections, 2);
});

Deno.test("a connection that the server has closed, or on which it sends something unasked, is not used again", async () => {
  for (const unasked of ["", ANSWER]) {
    let answered = Promise.resolve();
    await using server = startServer(async (tcp) => {
      await tcp.read(new Uint8Array(1000));
      await tcp.write(encode(ANSWER));
      await answered;
      if (unasked === "") return;
      await tcp.write(encode(unasked));
      // The api closes the connection.
      await tcp.read(new Uint8Array(1));
    });
    using connections = openConnections({ ...OPTIONS, keptMs: 600_000 });
    for (let i = 1; i <= 2; i++) {
      const { promise, resolve: goOn } = Promise.withResolvers<void>();
      answered = promise;
      assertEquals((await connections.send(call(server.url))).statusCode, 200);
      assertEquals([server.connections, connections.open], [i, 1]);
      goOn();
      await eventually(() => connections.open === 0, "the connection is closed");
    }
  }
});

Deno.test("a connection that nobody uses is closed", async () => {
  await using server = startServer(answerAll);
  using connections = openConnections({ ...OPTIONS, keptMs: 1 });
  await connections.send(call(server.url));
  await eventually(() => server.open === 0, "the connection is closed");
  await connections.send(call(server.url));
  assertEquals(server.connections, 2);
});

Deno.test("the end of a client closes its connections", async () => {
  await using server = startServer(answerAll);
  const connections = openConnections({ ...OPTIONS, keptMs: 600_000 });
  await connections.send(call(server.url));
  assertEquals([server.open, connections.open], [1, 1]);
  connections[Symbol.dispose]();
  assertEquals(connections.open, 0);
  await eventually(() => server.open === 0, "the connection is closed");
});

Deno.test("a connection that opens after the end of the client is closed", async () => {
  await using server = startServer(answerAll);
  const { connect, goOn } = slowConnect();
  const connections = openConnections({ ...OPTIONS, connect });
  const asked = connections.send(call(server.url));
  connections[Symbol.dispose]();
  goOn();
  await assertRejects(() => asked, NotConnected);
  assertEquals(connections.open, 0);
  await eventually(() => server.connections === 1 && server.open === 0, "it is closed");
});

Deno.test("a server that does not accept a connection in time was not reached", async () => {
  await using server = startServer(answerAll);
  const { connect, goOn } = slowConnect();
  using connections = openConnections({ ...OPTIONS, connect, connectTimeoutMs: 1 });
  let error: unknown;
  connections.send(call(server.url)).catch((thrown) => error = thrown);
  await eventually(() => error instanceof NotConnected, "the call ends");
  goOn();
  await eventually(() => server.connections === 1, "the server is connected");
  await eventually(() => server.open === 0, "the late connection is closed");
  assertEquals(connections.open, 0);
});

Deno.test("a call that is aborted while it connects ends at once", async () => {
  await using server = startServer(answerAll);
  const { connect, goOn } = slowConnect();
  using connections = openConnections({ ...OPTIONS, connect, connectTimeoutMs: 600_000 });
  const gone = new AbortController();
  let error: unknown;
  connections.send(call(server.url, { signal: gone.signal })).catch((thrown) => error = thrown);
  gone.abort(new RangeError("Over"));
  await eventually(() => error instanceof RangeError, "the call ends");
  goOn();
  await eventually(() => server.connections === 1, "the server is connected");
  await eventually(() => server.open === 0, "the late connection is closed");
});

Deno.test("an IPv6 address is connected to without its brackets", async () => {
  const asked: Deno.ConnectOptions[] = [];
  const connect = (to: Deno.ConnectOptions) => {
    asked.push(to);
    return Promise.reject(new Error("Refused"));
  };
  using connections = openConnections({ ...OPTIONS, connect });
  for (const host of ["[fd00::5]:8000", "[::1]", "10.0.0.5:8000"]) {
    await assertRejects(() => connections.send(call(new URL(`http://${host}/`))), NotConnected);
  }
  assertEquals(asked, [
    { hostname: "fd00::5", port: 8000 },
    { hostname: "::1", port: 80 },
    { hostname: "10.0.0.5", port: 8000 },
  ]);
});

Deno.test("a server that does not listen was not reached, and a header cannot add a line", async () => {
  const server = startServer(answerAll);
  await server[Symbol.asyncDispose]();
  using connections = openConnections(OPTIONS);
  await assertRejects(() => connections.send(call(server.url)), NotConnected);
  const aborted = AbortSignal.abort(new RangeError("Over"));
  await assertRejects(() => connections.send(call(server.url, { signal: aborted })), RangeError);
  await using other = startServer(answerAll);
  const headers = { "X-A": "1\r\nX-B: 2" };
  await assertRejects(() => connections.send(call(other.url, { headers })), TypeError);
  assertEquals([other.connections, connections.open], [0, 0]);
});

Deno.test("calls at the same time have their own answers, and only some connections are kept", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => new Response(new URL(request.url).pathname),
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  using connections = openConnections({ ...OPTIONS, keptMs: 600_000, maxIdle: 3 });
  const paths = Array.from({ length: 8 }, (_, i) => `/${i}`);
  const answers = await Promise.all(paths.map((path) => connections.send(call(url, { path }))));
  assertEquals(answers.map(({ body }) => new TextDecoder().decode(body)), paths);
  assertEquals(connections.open, 3);
});

Deno.test("only http is supported", async () => {
  using connections = openConnections(OPTIONS);
  await assertRejects(() => connections.send(call(new URL("https://127.0.0.1/"))), TypeError);
});
