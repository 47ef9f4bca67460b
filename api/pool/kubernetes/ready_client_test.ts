import { assertEquals } from "@std/assert";
import { forever } from "../../../tests/support/forever.ts";
import { createReadyClient } from "./ready_client.ts";

const READY = { status: "ok", seal: { system_calls: true } };

/** Asks a server that answers with a handler. */
async function ask(
  handler: (request: Request) => Response | Promise<Response>,
  signal = forever(),
): Promise<boolean> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    handler,
  );
  await using client = createReadyClient();
  return await client.isReady(new URL(`http://127.0.0.1:${server.addr.port}`), signal);
}

Deno.test("a worker that answers as documented is ready", async () => {
  assertEquals(await ask(() => Response.json(READY)), true);
  assertEquals(await ask(() => Response.json({ status: "ok", seal: {} })), true);
});

Deno.test("the question is a GET of /ready that carries no token and no body", async () => {
  let seen: unknown;
  await ask(async (request) => {
    const { method, headers } = request;
    const names = [...headers.keys()].filter((name) => name !== "connection");
    seen = [method, new URL(request.url).pathname, await request.text(), names];
    return Response.json(READY);
  });
  assertEquals(seen, ["GET", "/ready", "", ["host"]]);
});

const NOT_READY: Readonly<Record<string, () => Response>> = {
  "503": () => Response.json({ status: "unavailable" }, { status: 503 }),
  "503 with the body of a ready worker": () => Response.json(READY, { status: 503 }),
  "201": () => Response.json(READY, { status: 201 }),
  "a redirect": () => new Response(null, { status: 302, headers: { Location: "/health" } }),
  "the answer of another service": () => Response.json({ status: "ok" }),
  "another status": () => Response.json({ ...READY, status: "unavailable" }),
  "a seal of another form": () => Response.json({ ...READY, seal: "full" }),
  "no JSON": () => new Response("ok"),
  "no body": () => new Response(null),
  "a body that is too large": () => Response.json({ ...READY, more: "x".repeat(2000) }),
  "headers that are too large": () =>
    Response.json(READY, { headers: { "X-More": "x".repeat(5000) } }),
};

for (const [what, answer] of Object.entries(NOT_READY)) {
  Deno.test(`a worker is not ready that answers with ${what}`, async () => {
    assertEquals(await ask(answer), false);
  });
}

Deno.test("a worker is not ready that does not answer, or whose body does not end", async () => {
  const untilGone = ({ signal }: Request) =>
    new Promise<Response>((resolve) =>
      signal.addEventListener("abort", () => resolve(Response.json(READY)))
    );
  assertEquals(await ask(untilGone, soon()), false);
  const endless = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1)),
  });
  assertEquals(await ask(() => new Response(endless)), false);
  const silent = new ReadableStream<Uint8Array<ArrayBuffer>>();
  assertEquals(await ask(() => new Response(silent), soon()), false);
});

Deno.test("a worker is not ready that cannot be reached, or is asked after the end", async () => {
  await using client = createReadyClient();
  const port = await unusedPort();
  const url = new URL(`http://127.0.0.1:${port}`);
  assertEquals(await client.isReady(url, forever()), false);
  assertEquals(await ask(() => Response.json(READY), AbortSignal.abort()), false);
});

/** Aborts while the question is waiting for its answer. */
function soon(): AbortSignal {
  return AbortSignal.timeout(100);
}

function unusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
