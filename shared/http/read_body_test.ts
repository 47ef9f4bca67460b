import { assert, assertEquals, assertRejects } from "@std/assert";
import v8 from "node:v8";
import vm from "node:vm";
import { eventually } from "../../tests/support/eventually.ts";
import { Problem } from "../contract/problem.ts";
import { BodyEndedEarly, type BodyLimits, declaredLength, readBody } from "./read_body.ts";

/** Makes a request with a body in chunks, and records how many of the chunks are read. */
function chunked(
  chunks: readonly string[],
  options: { stalls?: boolean; headers?: Record<string, string> } = {},
) {
  const left = [...chunks];
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) {
        seen.pulled++;
        controller.enqueue(new TextEncoder().encode(chunk));
      } else if (!options.stalls) {
        controller.close();
      } else {
        return new Promise(() => {});
      }
      return undefined;
    },
    cancel() {
      seen.cancelled = true;
    },
  }, { highWaterMark: 0 });
  const headers = options.headers ?? {};
  return { request: new Request("http://test/", { method: "POST", body, headers }), seen };
}

const limits = (options: Partial<BodyLimits> = {}): BodyLimits => ({
  maxBytes: 100,
  timeoutMs: 10_000,
  signal: new AbortController().signal,
  ...options,
});

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

Deno.test("a body is read as a whole, however many chunks it comes in", async () => {
  for (const chunks of [["whole"], ["wh", "ole"], ["w", "", "h", "o", "le"]]) {
    assertEquals(text(await readBody(chunked(chunks).request, limits())), "whole");
  }
});

Deno.test("a missing body is an empty body", async () => {
  const bodies = [new Request("http://test/", { method: "POST" }), chunked([]).request];
  for (const request of bodies) {
    assertEquals(await readBody(request, limits()), new Uint8Array());
  }
});

Deno.test("a body may be as large as the limit", async () => {
  const { request } = chunked(["12345", "67890"]);
  assertEquals(text(await readBody(request, limits({ maxBytes: 10 }))), "1234567890");
});

Deno.test("a body with a Content-Length over the limit is refused and not read", async () => {
  const { request, seen } = chunked(["1"], { headers: { "Content-Length": "11" } });
  const problem = await assertRejects(() => readBody(request, limits({ maxBytes: 10 })), Problem);
  assertEquals(problem.code, "payload_too_large");
  assertEquals(seen.pulled, 0);
});

Deno.test("a body that becomes too large is refused, and the rest is not read", async () => {
  for (const headers of [{}, { "Content-Length": "0" }, { "Content-Length": "many" }]) {
    const { request, seen } = chunked(["12345", "678901", "rest", "rest"], { headers });
    const problem = await assertRejects(() => readBody(request, limits({ maxBytes: 10 })), Problem);
    assertEquals(problem.code, "payload_too_large");
    assertEquals(seen, { pulled: 2, cancelled: true });
  }
});

Deno.test("a body that declares a small size is read as a whole, within the same bounds", async () => {
  const headers = { "Content-Length": "6" };
  const arrived: number[] = [];
  const { request } = chunked(["123", "456"], { headers });
  const body = await readBody(request, limits({ arrived: (bytes) => void arrived.push(bytes) }));
  assertEquals([text(body), arrived], ["123456", [6]]);

  const longer = chunked(["12345", "678901"], { headers });
  const problem = await assertRejects(
    () => readBody(longer.request, limits({ maxBytes: 10 })),
    Problem,
  );
  assertEquals(problem.code, "payload_too_large");

  const stalled = chunked(["12345"], { headers, stalls: true });
  const late = await assertRejects(
    () => readBody(stalled.request, limits({ timeoutMs: 1 })),
    Problem,
  );
  assertEquals(late.code, "request_timeout");

  const stop = new AbortController();
  const stopped = assertRejects(
    () =>
      readBody(chunked(["1"], { headers, stalls: true }).request, limits({ signal: stop.signal })),
    RangeError,
  );
  stop.abort(new RangeError("Gone"));
  await stopped;
});

Deno.test("a body that stalls is refused after its timeout", async () => {
  const { request, seen } = chunked(["12345"], { stalls: true });
  const problem = await assertRejects(() => readBody(request, limits({ timeoutMs: 3 })), Problem);
  assertEquals(problem.code, "request_timeout");
  assertEquals(seen.pulled, 1);
});

Deno.test("an abort stops reading, with the reason of the signal", async () => {
  const { request } = chunked(["12345"], { stalls: true });
  const gone = new AbortController();
  const reason = new RangeError("The client went away");
  const reading = assertRejects(() => readBody(request, limits({ signal: gone.signal })), Error);
  gone.abort(reason);
  assert(await reading === reason);
});

Deno.test("nothing is read when the signal is already aborted", async () => {
  const { request, seen } = chunked(["12345"]);
  const reason = new RangeError("Over");
  const signal = AbortSignal.abort(reason);
  assert(await assertRejects(() => readBody(request, limits({ signal })), Error) === reason);
  assertEquals(seen.pulled, 0);
});

Deno.test("a body that ends early is an error of the client, not an internal error", async () => {
  const cause = new RangeError("The connection was reset");
  const body = new ReadableStream({ pull: (controller) => controller.error(cause) });
  const request = new Request("http://test/", { method: "POST", body });
  const problem = await assertRejects(() => readBody(request, limits()), BodyEndedEarly);
  assertEquals(problem.code, "invalid_request");
  assert(problem.cause === cause);
});

Deno.test("arrived is called with the size of every piece, and may stop reading", async () => {
  const pieces: number[] = [];
  await readBody(chunked(["12345", "678"]).request, limits({ arrived: (n) => pieces.push(n) }));
  assertEquals(pieces, [5, 3]);

  const { request, seen } = chunked(["12345", "678", "rest"]);
  const enough = new RangeError("Enough");
  const arrived = (n: number) => {
    if (n === 3) throw enough;
  };
  assert(await assertRejects(() => readBody(request, limits({ arrived })), RangeError) === enough);
  assertEquals(seen, { pulled: 2, cancelled: true });
});

Deno.test("a body ends early when the client disconnects", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    resolve(readBody(request, limits()).catch((error) => error));
    return promise.then(() => new Response());
  });
  {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50\r\n\r\n";
    await connection.write(new TextEncoder().encode(head + "begin"));
  }
  const problem = await promise;
  assert(problem instanceof BodyEndedEarly);
});

Deno.test("the memory of stalled bodies is freed", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) =>
      readBody(request, limits({ timeoutMs: 5 })).then(() => new Response(), () => new Response()),
  );
  const stall = async () => {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.addr.port });
    const head = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50\r\n\r\n";
    await connection.write(new TextEncoder().encode(head + "begin"));
    await connection.read(new Uint8Array(1000));
  };
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage = vm.runInNewContext("gc");
  const heldBytes = () => {
    collectGarbage();
    return Deno.memoryUsage().external;
  };
  const before = heldBytes();
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, stall));
  // With a leak, 1,000 buffers of 64 KiB would never be freed.
  await eventually(() => heldBytes() - before < 20e6, "the memory is free again");
});

Deno.test("Content-Length is used only when it consists of digits", () => {
  const declared = (value: string) =>
    declaredLength(new Request("http://test/", { headers: { "Content-Length": value } }));
  assertEquals(declared("0"), 0);
  assertEquals(declared("10485760"), 10_485_760);
  for (const value of ["", "-1", "+1", "1e3", "1.5", "ten", "9".repeat(16)]) {
    assertEquals(declared(value), undefined);
  }
  assertEquals(declaredLength(new Request("http://test/")), undefined);
});

Deno.test("a body that comes in small pieces needs little memory", async () => {
  const PIECES = 8000, SIZE = 256;
  let left = PIECES;
  // Deno delivers each piece like this: a part of an array of 64 KiB.
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left-- > 0) controller.enqueue(new Uint8Array(64 * 1024).fill(7).subarray(0, SIZE));
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://test/", { method: "POST", body });
  const before = Deno.memoryUsage().external;
  let most = 0;
  const read = await readBody(
    request,
    limits({
      maxBytes: PIECES * SIZE,
      arrived() {
        most = Math.max(most, Deno.memoryUsage().external - before);
      },
    }),
  );
  assertEquals(read, new Uint8Array(PIECES * SIZE).fill(7));
  assert(most < 200 * 1024 * 1024, `${PIECES} pieces needed ${most / 1024 / 1024} MiB`);
});

Deno.test("a body in many small pieces is refused", async () => {
  const read = (bytes: number, pieces: number) =>
    readBody(
      chunked(Array(pieces).fill("x".repeat(bytes))).request,
      limits({ maxBytes: 1_000_000 }),
    );
  assertEquals((await read(1, 1000)).length, 1000);
  assertEquals((await read(256, 2000)).length, 512_000);
  const { request, seen } = chunked(Array(5000).fill("x".repeat(255)));
  const problem = await assertRejects(
    () => readBody(request, limits({ maxBytes: 2_000_000 })),
    Problem,
  );
  assertEquals([problem.code, problem.message], [
    "invalid_request",
    "The body arrives in pieces that are too small",
  ]);
  assertEquals(seen, { pulled: 1001, cancelled: true });
});

Deno.test("other work has its turn while pieces are read that have arrived", async () => {
  let turns = 0;
  let counting = setImmediate(function count() {
    turns++;
    counting = setImmediate(count);
  });
  const { request } = chunked(Array(1000).fill("x"));
  await readBody(request, limits({ maxBytes: 1000 }));
  clearImmediate(counting);
  assert(turns >= 20, `${turns} turns`);
});

Deno.test("a body from the network is read as it was sent", async () => {
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  const all = new Uint8Array(20 * sent.length);
  const pieces = Array.from({ length: 20 }, () => sent);
  pieces.forEach((piece, i) => all.set(piece, i * sent.length));
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) =>
      new Response((await readBody(request, limits({ maxBytes: 2_000_000 }))).slice()),
  );
  for (const body of [all, ReadableStream.from(pieces)]) {
    const response = await fetch(`http://127.0.0.1:${server.addr.port}/`, { method: "POST", body });
    assertEquals(await response.bytes(), all);
  }
});
