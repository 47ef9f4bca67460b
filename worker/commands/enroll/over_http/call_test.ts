import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Call, NoAnswerError, sendCall } from "./call.ts";
import { problem } from "./fake_service.ts";

/** Sends a POST with a photo and a key to a server on this machine. */
async function send(
  answer: (request: Request) => Response | Promise<Response>,
  more: Pick<Call, "deadlineMs"> = {},
) {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    answer,
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}`);
  const { signal } = new AbortController();
  const body = { bytes: new Uint8Array([1, 2, 3]), type: "image/png" };
  const call = { method: "POST", path: "/users/a%2Fb", body, ...more } as const;
  return await sendCall(url, "fi_1_a", call, signal);
}

Deno.test("a request has the body as it is, its type and the key", async () => {
  const { text } = await send(async (request) => {
    const { pathname } = new URL(request.url);
    const sent = ["Authorization", "Content-Type"].map((name) => request.headers.get(name));
    return Response.json([request.method, pathname, ...sent, ...await request.bytes()]);
  });
  const line = ["POST", "/users/a%2Fb", "Bearer fi_1_a", "image/png"];
  assertEquals(JSON.parse(text), [...line, 1, 2, 3]);
});

Deno.test("an error has its code, its words and the time of the next try", async () => {
  const { status, code, detail, retryAfterSeconds } = await send(() =>
    problem("too_many_requests", { "Retry-After": "7" })
  );
  assertEquals([status, code, detail, retryAfterSeconds], [
    429,
    "too_many_requests",
    "Too many requests, in words",
    7,
  ]);
  const other = await send(() =>
    new Response("<html>", {
      status: 503,
      headers: { "Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT" },
    })
  );
  assertEquals([other.status, other.code, other.retryAfterSeconds], [503, undefined, undefined]);
});

Deno.test("a redirect is not followed", async () => {
  let requests = 0;
  const { status } = await send((request) => {
    requests++;
    return Response.redirect(new URL("/elsewhere", request.url), 307);
  });
  assertEquals([status, requests], [307, 1]);
});

Deno.test("an answer without an end is not read to its end", async () => {
  let pieces = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        pieces++;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
  await assertRejects(
    () => send(() => new Response(endless())),
    NoAnswerError,
    "the answer is too long",
  );
  assert(pieces < 500, `${pieces} pieces`);
});

Deno.test("a request without an answer ends at its deadline", async () => {
  const silent = ({ signal }: Request) =>
    new Promise<Response>((resolve) =>
      signal.addEventListener("abort", () => resolve(new Response()))
    );
  await assertRejects(
    () => send(silent, { deadlineMs: 50 }),
    NoAnswerError,
    "there was no answer within 0.05 seconds",
  );
});

Deno.test("a connection that ends early and a signal are told apart", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  const ended = (async () => (await listener.accept()).close())();
  const stop = new AbortController();
  const call = { method: "GET", path: "/" } as const;
  const error = await assertRejects(
    () => sendCall(url, "secret", call, stop.signal),
    NoAnswerError,
  );
  assert(!error.message.includes("secret"), error.message);
  await ended;
  stop.abort(new RangeError("stopped"));
  await assertRejects(() => sendCall(url, undefined, call, stop.signal), RangeError, "stopped");
  listener.close();
});
