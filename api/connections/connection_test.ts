import { assert, assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/support/eventually.ts";
import { openConnections } from "./connections.ts";
import {
  ANSWER,
  answerAll,
  call,
  encode,
  OPTIONS,
  seenBuffers,
  startServer,
} from "./fake_server.ts";
import { BadHttpAnswer } from "./http_answer.ts";

Deno.test("a request is sent as HTTP/1.1, with its length", async () => {
  const received: string[] = [];
  await using server = startServer(async (tcp) => {
    const buffer = new Uint8Array(1000);
    received.push(new TextDecoder().decode(buffer.subarray(0, await tcp.read(buffer) ?? 0)));
    await tcp.write(encode(ANSWER));
  });
  using connections = openConnections(OPTIONS);
  const { statusCode, body } = await connections.send(call(server.url));
  assertEquals([statusCode, body], [200, encode("ok")]);
  assertEquals(received, [
    `POST /authenticate?user_id=a HTTP/1.1\r\nhost: ${server.url.host}\r\n` +
    "content-length: 7\r\nX-A: 1\r\n\r\npicture",
  ]);
});

Deno.test("a server may answer before it has read the body; its connection is then closed", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  await using server = startServer(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.write(encode(ANSWER));
    await ended;
  });
  using connections = openConnections(OPTIONS);
  const body = new Uint8Array(50_000_000);
  for (let i = 1; i <= 2; i++) {
    assertEquals((await connections.send(call(server.url, { body }))).statusCode, 200);
    assertEquals([server.connections, connections.open], [i, 0]);
  }
  end();
});

Deno.test("a large body arrives complete", async () => {
  const body = Uint8Array.from({ length: 3_000_000 }, (_, i) => i % 251);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const received = await request.bytes();
      return new Response(String(received.every((byte, i) => byte === i % 251)));
    },
  );
  using connections = openConnections(OPTIONS);
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const answer = await connections.send(call(url, { body }));
  assertEquals(new TextDecoder().decode(answer.body), "true");
});

Deno.test("after an answer that is refused, the connection is closed", async () => {
  await using server = startServer(async (tcp) => {
    const buffer = new Uint8Array(1000);
    while (await tcp.read(buffer) !== null) await tcp.write(encode("220 mail.test\r\n\r\n"));
  });
  using connections = openConnections(OPTIONS);
  await assertRejects(() => connections.send(call(server.url)), BadHttpAnswer);
  assertEquals(connections.open, 0);
  await eventually(() => server.open === 0, "the connection is closed");
});

Deno.test("the bytes of an answer do not stay in memory", async () => {
  await using server = startServer(answerAll);
  const { connect, isEmpty } = seenBuffers();
  using connections = openConnections({ ...OPTIONS, connect });
  const { body } = await connections.send(call(server.url));
  assertEquals([body, isEmpty()], [encode("ok"), true]);
});

Deno.test("the bytes of an answer that is refused, incomplete or aborted do not stay in memory", async () => {
  const gone = new AbortController();
  const { signal } = gone;
  const cases = [
    { bytes: "220 mail.test\r\n\r\n" },
    { bytes: ANSWER + ANSWER },
    { bytes: ANSWER.slice(0, -1), ends: true },
    { bytes: ANSWER.slice(0, -1), signal },
  ];
  for (const { bytes, ends, ...more } of cases) {
    await using server = startServer(async (tcp) => {
      await tcp.read(new Uint8Array(1000));
      await tcp.write(encode(bytes));
      if (!ends) await tcp.read(new Uint8Array(1));
    });
    const { connect, isEmpty } = seenBuffers();
    using connections = openConnections({ ...OPTIONS, connect });
    const asked = assertRejects(() => connections.send(call(server.url, more)), Error);
    if (more.signal !== undefined) {
      await eventually(() => !isEmpty(), "bytes arrive");
      gone.abort();
    }
    await asked;
    assertEquals(isEmpty(), true);
  }
});

Deno.test("the copy of a body does not stay in memory, and the body stays as it is", async () => {
  await using server = startServer(answerAll);
  const written: Uint8Array[] = [];
  const connect = async (to: Deno.ConnectOptions) => {
    const tcp = await Deno.connect(to);
    const write = tcp.write.bind(tcp);
    tcp.write = (bytes) => {
      written.push(bytes);
      return write(bytes);
    };
    return tcp;
  };
  using connections = openConnections({ ...OPTIONS, connect });
  const body = encode("embedding");
  await connections.send(call(server.url, { body }));
  assertEquals(body, encode("embedding"));
  await eventually(() => written.every((bytes) => bytes.every((at) => at === 0)), "it is erased");
});

Deno.test("bytes that nobody asked for do not stay in memory", async () => {
  const { promise: answered, resolve: goOn } = Promise.withResolvers<void>();
  await using server = startServer(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.write(encode(ANSWER));
    await answered;
    await tcp.write(encode(ANSWER));
    await tcp.read(new Uint8Array(1));
  });
  const { connect, isEmpty } = seenBuffers();
  using connections = openConnections({ ...OPTIONS, connect });
  await connections.send(call(server.url));
  goOn();
  await eventually(() => connections.open === 0, "the connection is closed");
  assertEquals(isEmpty(), true);
});

Deno.test("an aborted call closes its connection", async () => {
  await using server = startServer(async (tcp) => {
    const buffer = new Uint8Array(1000);
    while (await tcp.read(buffer) !== null);
  });
  using connections = openConnections(OPTIONS);
  const gone = new AbortController();
  const asked = connections.send(call(server.url, { signal: gone.signal }));
  await eventually(() => server.open === 1, "the server is connected");
  gone.abort(new RangeError("Over"));
  await assertRejects(() => asked, Error);
  await eventually(() => server.open === 0, "the connection is closed");
});

/** Answers calls with as many bytes as their paths say. */
async function answerLong(tcp: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1000);
  for (let size = await tcp.read(buffer); size !== null; size = await tcp.read(buffer)) {
    const [, length] = /^GET \/(\d+)/.exec(new TextDecoder().decode(buffer.subarray(0, size)))!;
    const answer = encode(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    const body = Uint8Array.from({ length: Number(length) }, (_, i) => 1 + i % 251);
    const whole = new Uint8Array([...answer, ...body]);
    for (let at = 0; at < whole.length;) at += await tcp.write(whole.subarray(at));
  }
}

const getCall = (url: URL, length: number, maxBodyBytes: number) =>
  call(url, { method: "GET", path: `/${length}`, body: undefined, maxBodyBytes });

Deno.test("a connection has little memory, more during a large answer, and no trace of it later", async () => {
  await using server = startServer(answerLong);
  const { connect, isEmpty, sizes } = seenBuffers();
  using connections = openConnections({ ...OPTIONS, connect });
  const get = (length: number, maxBodyBytes: number) =>
    connections.send(getCall(server.url, length, maxBodyBytes));
  assertEquals((await get(10_000, 10_000)).body.length, 10_000);
  assertEquals(sizes(), [16_384]);
  const { body } = await get(300_000, 300_000);
  assert(body.length === 300_000 && body.every((byte, i) => byte === 1 + i % 251));
  assertEquals(isEmpty(), true);
  // The last one is the memory for the next answer.
  const bound = 300_000 + OPTIONS.maxHeaderBytes + 1;
  assertEquals(sizes(), [16_384, 32_768, 65_536, 131_072, 262_144, bound, 16_384]);
  await get(10_000, 10_000);
  assertEquals([sizes().length, server.connections], [7, 1]);
});

Deno.test("the bound of a call is on its own answer", async () => {
  await using server = startServer(answerLong);
  const { connect, isEmpty } = seenBuffers();
  using connections = openConnections({ ...OPTIONS, connect });
  const get = (length: number, maxBodyBytes: number) =>
    connections.send(getCall(server.url, length, maxBodyBytes));
  assertEquals((await get(100_000, 100_000)).body.length, 100_000);
  await assertRejects(() => get(100_000, 99_999), BadHttpAnswer, "too large");
  assertEquals([connections.open, isEmpty()], [0, true]);
});

Deno.test("an aborted call rejects with the reason of its signal", async () => {
  await using server = startServer(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.read(new Uint8Array(1));
  });
  using connections = openConnections(OPTIONS);
  const gone = new AbortController();
  const asked = connections.send(call(server.url, { signal: gone.signal }));
  await eventually(() => server.open === 1, "the server is connected");
  gone.abort(new RangeError("Over"));
  await assertRejects(() => asked, RangeError, "Over");
});

Deno.test("a call that is aborted just when its answer has arrived gets no overwritten answer", async () => {
  const headArrived = Promise.withResolvers<void>();
  await using server = startServer(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.write(encode(ANSWER.slice(0, -2)));
    await headArrived.promise;
    await tcp.write(encode(ANSWER.slice(-2)));
    await tcp.read(new Uint8Array(1));
  });
  const gone = new AbortController();
  using connections = openConnections({
    ...OPTIONS,
    connect: async (to) => {
      const tcp = await Deno.connect(to);
      const read = tcp.read.bind(tcp);
      tcp.read = async (bytes) => {
        const size = await read(bytes);
        if (size === 2) queueMicrotask(() => gone.abort(new RangeError("Over")));
        else headArrived.resolve();
        return size;
      };
      return tcp;
    },
  });
  await assertRejects(
    () => connections.send(call(server.url, { signal: gone.signal })),
    RangeError,
    "Over",
  );
});
