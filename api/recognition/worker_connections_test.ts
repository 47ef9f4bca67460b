import { assertEquals, assertRejects } from "@std/assert";
import { eventually } from "../../tests/support/eventually.ts";
import { BadHttpAnswer } from "./http_answer.ts";
import { NotConnected, openWorkerConnections, type WorkerCall } from "./worker_connections.ts";

const OPTIONS = { maxHeaderBytes: 4096, maxBodyBytes: 8192, connectTimeoutMs: 5000 };
const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const encode = (text: string) => new TextEncoder().encode(text);

/** A worker that behaves like `serve` on each connection. */
function startWorker(serve: (tcp: Deno.TcpConn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  let connections = 0;
  const accepting = (async () => {
    for await (const tcp of listener) {
      connections++;
      open.add(tcp);
      void serve(tcp).catch(() => {}).finally(() => {
        if (open.delete(tcp)) tcp.close();
      });
    }
  })();
  return {
    url: new URL(`http://127.0.0.1:${listener.addr.port}/authenticate?user_id=a`),
    get connections() {
      return connections;
    },
    get open() {
      return open.size;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      for (const tcp of open) tcp.close();
      open.clear();
    },
  };
}

/** Reads requests of fewer than 1,000 bytes, and answers each of them. */
async function answerAll(tcp: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(1000);
  while (await tcp.read(buffer) !== null) await tcp.write(encode(ANSWER));
}

/** Connects when it is told to. */
function slowConnect() {
  const { promise, resolve: goOn } = Promise.withResolvers<void>();
  const connect = async (to: Deno.ConnectOptions) => {
    await promise;
    return await Deno.connect(to);
  };
  return { connect, goOn };
}

/** Connects, and remembers the memory that answers are read into. */
function seenBuffers() {
  const buffers = new Set<ArrayBufferLike>();
  const connect = async (to: Deno.ConnectOptions) => {
    const tcp = await Deno.connect(to);
    const read = tcp.read.bind(tcp);
    tcp.read = (bytes) => {
      buffers.add(bytes.buffer);
      return read(bytes);
    };
    return tcp;
  };
  const isEmpty = () =>
    [...buffers].every((buffer) => new Uint8Array(buffer).every((at) => at === 0));
  return { connect, isEmpty };
}

const call = (url: URL, more: Partial<WorkerCall> = {}): WorkerCall => ({
  url,
  headers: { "X-A": "1" },
  body: encode("picture"),
  signal: new AbortController().signal,
  ...more,
});

Deno.test("a request is sent as HTTP/1.1, with its length", async () => {
  const received: string[] = [];
  await using worker = startWorker(async (tcp) => {
    const buffer = new Uint8Array(1000);
    received.push(new TextDecoder().decode(buffer.subarray(0, await tcp.read(buffer) ?? 0)));
    await tcp.write(encode(ANSWER));
  });
  using connections = openWorkerConnections(OPTIONS);
  const { statusCode, body } = await connections.post(call(worker.url));
  assertEquals([statusCode, body], [200, encode("ok")]);
  assertEquals(received, [
    `POST /authenticate?user_id=a HTTP/1.1\r\nhost: ${worker.url.host}\r\n` +
    "content-length: 7\r\nX-A: 1\r\n\r\npicture",
  ]);
});

Deno.test("a connection is used again, and requests at the same time have connections of their own", async () => {
  await using worker = startWorker(answerAll);
  using connections = openWorkerConnections(OPTIONS);
  for (let i = 0; i < 3; i++) await connections.post(call(worker.url));
  assertEquals(worker.connections, 1);
  await Promise.all([1, 2].map(() => connections.post(call(worker.url))));
  assertEquals(worker.connections, 2);
});

Deno.test("a connection that the worker has closed, or on which it sends something unasked, is not used again", async () => {
  for (const unasked of ["", ANSWER]) {
    let answered = Promise.resolve();
    await using worker = startWorker(async (tcp) => {
      await tcp.read(new Uint8Array(1000));
      await tcp.write(encode(ANSWER));
      await answered;
      if (unasked === "") return;
      await tcp.write(encode(unasked));
      // The api closes the connection.
      await tcp.read(new Uint8Array(1));
    });
    using connections = openWorkerConnections({ ...OPTIONS, keptMs: 600_000 });
    for (let i = 1; i <= 2; i++) {
      const { promise, resolve: goOn } = Promise.withResolvers<void>();
      answered = promise;
      assertEquals((await connections.post(call(worker.url))).statusCode, 200);
      assertEquals([worker.connections, connections.open], [i, 1]);
      goOn();
      await eventually(() => connections.open === 0, "the connection is closed");
    }
  }
});

Deno.test("a worker may answer before it has read the body; its connection is then closed", async () => {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  await using worker = startWorker(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.write(encode(ANSWER));
    await ended;
  });
  using connections = openWorkerConnections(OPTIONS);
  const body = new Uint8Array(50_000_000);
  for (let i = 1; i <= 2; i++) {
    assertEquals((await connections.post(call(worker.url, { body }))).statusCode, 200);
    assertEquals([worker.connections, connections.open], [i, 0]);
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
  using connections = openWorkerConnections(OPTIONS);
  const url = new URL(`http://127.0.0.1:${server.addr.port}/`);
  const answer = await connections.post(call(url, { body }));
  assertEquals(new TextDecoder().decode(answer.body), "true");
});

Deno.test("a connection that nobody uses is closed", async () => {
  await using worker = startWorker(answerAll);
  using connections = openWorkerConnections({ ...OPTIONS, keptMs: 1 });
  await connections.post(call(worker.url));
  await eventually(() => worker.open === 0, "the connection is closed");
  await connections.post(call(worker.url));
  assertEquals(worker.connections, 2);
});

Deno.test("after an answer that is refused, the connection is closed", async () => {
  await using worker = startWorker(async (tcp) => {
    const buffer = new Uint8Array(1000);
    while (await tcp.read(buffer) !== null) await tcp.write(encode("220 mail.test\r\n\r\n"));
  });
  using connections = openWorkerConnections(OPTIONS);
  await assertRejects(() => connections.post(call(worker.url)), BadHttpAnswer);
  assertEquals(connections.open, 0);
  await eventually(() => worker.open === 0, "the connection is closed");
});

Deno.test("the end of a client closes its connections", async () => {
  await using worker = startWorker(answerAll);
  const connections = openWorkerConnections({ ...OPTIONS, keptMs: 600_000 });
  await connections.post(call(worker.url));
  assertEquals([worker.open, connections.open], [1, 1]);
  connections[Symbol.dispose]();
  assertEquals(connections.open, 0);
  await eventually(() => worker.open === 0, "the connection is closed");
});

Deno.test("a connection that opens after the end of the client is closed", async () => {
  await using worker = startWorker(answerAll);
  const { connect, goOn } = slowConnect();
  const connections = openWorkerConnections({ ...OPTIONS, connect });
  const asked = connections.post(call(worker.url));
  connections[Symbol.dispose]();
  goOn();
  await assertRejects(() => asked, NotConnected);
  assertEquals(connections.open, 0);
  await eventually(() => worker.connections === 1 && worker.open === 0, "it is closed");
});

Deno.test("a worker that does not accept a connection in time was not reached", async () => {
  await using worker = startWorker(answerAll);
  const { connect, goOn } = slowConnect();
  using connections = openWorkerConnections({ ...OPTIONS, connect, connectTimeoutMs: 1 });
  let error: unknown;
  connections.post(call(worker.url)).catch((thrown) => error = thrown);
  await eventually(() => error instanceof NotConnected, "the call ends");
  goOn();
  await eventually(() => worker.connections === 1, "the worker is connected");
  await eventually(() => worker.open === 0, "the late connection is closed");
  assertEquals(connections.open, 0);
});

Deno.test("a call that is aborted while it connects ends at once", async () => {
  await using worker = startWorker(answerAll);
  const { connect, goOn } = slowConnect();
  using connections = openWorkerConnections({ ...OPTIONS, connect, connectTimeoutMs: 600_000 });
  const gone = new AbortController();
  let error: unknown;
  connections.post(call(worker.url, { signal: gone.signal })).catch((thrown) => error = thrown);
  gone.abort(new RangeError("Over"));
  await eventually(() => error instanceof RangeError, "the call ends");
  goOn();
  await eventually(() => worker.connections === 1, "the worker is connected");
  await eventually(() => worker.open === 0, "the late connection is closed");
});

Deno.test("an IPv6 address is connected to without its brackets", async () => {
  const asked: Deno.ConnectOptions[] = [];
  const connect = (to: Deno.ConnectOptions) => {
    asked.push(to);
    return Promise.reject(new Error("Refused"));
  };
  using connections = openWorkerConnections({ ...OPTIONS, connect });
  for (const host of ["[fd00::5]:8000", "[::1]", "10.0.0.5:8000"]) {
    await assertRejects(() => connections.post(call(new URL(`http://${host}/`))), NotConnected);
  }
  assertEquals(asked, [
    { hostname: "fd00::5", port: 8000 },
    { hostname: "::1", port: 80 },
    { hostname: "10.0.0.5", port: 8000 },
  ]);
});

Deno.test("the bytes of an answer do not stay in memory", async () => {
  await using worker = startWorker(answerAll);
  const { connect, isEmpty } = seenBuffers();
  using connections = openWorkerConnections({ ...OPTIONS, connect });
  const { body } = await connections.post(call(worker.url));
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
    await using worker = startWorker(async (tcp) => {
      await tcp.read(new Uint8Array(1000));
      await tcp.write(encode(bytes));
      if (!ends) await tcp.read(new Uint8Array(1));
    });
    const { connect, isEmpty } = seenBuffers();
    using connections = openWorkerConnections({ ...OPTIONS, connect });
    const asked = assertRejects(() => connections.post(call(worker.url, more)), Error);
    if (more.signal !== undefined) {
      await eventually(() => !isEmpty(), "bytes arrive");
      gone.abort();
    }
    await asked;
    assertEquals(isEmpty(), true);
  }
});

Deno.test("bytes that nobody asked for do not stay in memory", async () => {
  const { promise: answered, resolve: goOn } = Promise.withResolvers<void>();
  await using worker = startWorker(async (tcp) => {
    await tcp.read(new Uint8Array(1000));
    await tcp.write(encode(ANSWER));
    await answered;
    await tcp.write(encode(ANSWER));
    await tcp.read(new Uint8Array(1));
  });
  const { connect, isEmpty } = seenBuffers();
  using connections = openWorkerConnections({ ...OPTIONS, connect });
  await connections.post(call(worker.url));
  goOn();
  await eventually(() => connections.open === 0, "the connection is closed");
  assertEquals(isEmpty(), true);
});

Deno.test("an aborted call closes its connection", async () => {
  await using worker = startWorker(async (tcp) => {
    const buffer = new Uint8Array(1000);
    while (await tcp.read(buffer) !== null);
  });
  using connections = openWorkerConnections(OPTIONS);
  const gone = new AbortController();
  const asked = connections.post(call(worker.url, { signal: gone.signal }));
  await eventually(() => worker.open === 1, "the worker is connected");
  gone.abort(new RangeError("Over"));
  await assertRejects(() => asked, Error);
  await eventually(() => worker.open === 0, "the connection is closed");
});

Deno.test("a worker that does not listen was not reached, and a header cannot add a line", async () => {
  const worker = startWorker(answerAll);
  await worker[Symbol.asyncDispose]();
  using connections = openWorkerConnections(OPTIONS);
  await assertRejects(() => connections.post(call(worker.url)), NotConnected);
  const aborted = AbortSignal.abort(new RangeError("Over"));
  await assertRejects(() => connections.post(call(worker.url, { signal: aborted })), RangeError);
  await using other = startWorker(answerAll);
  const headers = { "X-A": "1\r\nX-B: 2" };
  await assertRejects(() => connections.post(call(other.url, { headers })), TypeError);
  assertEquals([other.connections, connections.open], [0, 0]);
});
