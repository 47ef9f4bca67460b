import { assertEquals } from "@std/assert";
import { ProblemBodySchema } from "../shared/contract/contract.ts";
import { readFreeProcesses } from "../shared/contract/pod_processes.ts";
import { fakeTokenKeys } from "../shared/http/fake_token_keys.ts";
import { signWorkerToken } from "../shared/http/worker_token.ts";
import { eventually } from "../tests/support/eventually.ts";
import { forever } from "../tests/support/forever.ts";
import { RawConnection } from "../tests/support/raw_http.ts";
import { tick } from "../tests/support/tick.ts";
import { createSupervisorApp } from "./app.ts";
import { openFakePod } from "./fake_pod.ts";
import { createTokenVerifiers } from "./token_verifiers.ts";
import { createFakeLog } from "../shared/fake_log.ts";

const keys = fakeTokenKeys();

const urlOf = ({ addr: { hostname, port } }: Deno.HttpServer<Deno.NetAddr>): URL =>
  new URL(`http://${hostname}:${port}`);

/** Opens a supervisor whose processes all answer with `answer`. */
async function open(answer: (request: Request) => Response | Promise<Response>) {
  await using opening = new AsyncDisposableStack();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  opening.defer(() => server.shutdown());
  const url = urlOf(server);
  const pod = opening.use(await openFakePod({}, url));
  const { fetch } = createSupervisorApp({
    name: "pod",
    answersWith: "embed",
    processes: pod.processes,
    verifyToken: createTokenVerifiers(() => keys.verifying),
    requestTimeoutMs: 10_000,
    log: createFakeLog().log,
    now: () => 0,
    newRequestId: () => "request-1",
  });
  const send = async (
    method: string,
    path: string,
    audience?: string,
    init: { readonly body?: Uint8Array<ArrayBuffer>; readonly signal?: AbortSignal } = {},
  ) => {
    const headers = new Headers({ "Content-Type": "application/octet-stream" });
    if (audience !== undefined) {
      headers.set("Authorization", `Bearer ${signWorkerToken(keys.signing, audience)}`);
    }
    return await fetch(new Request(`http://pod.test${path}`, { method, headers, ...init }));
  };
  const stack = opening.move();
  return { pod, send, fetch, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const EMBED = "/processes/worker-1/embed";
const PICTURE = { body: new Uint8Array([1, 2, 3]) };

async function codeOf(response: Response): Promise<string> {
  return ProblemBodySchema.parse(await response.json()).code;
}

Deno.test("a request goes to the process that its path names, and the answer comes back", async () => {
  const seen: unknown[] = [];
  await using opened = await open(async (request) => {
    const { pathname, search } = new URL(request.url);
    seen.push(request.method, pathname, search, [...await request.bytes()]);
    return new Response("embedding", {
      headers: { "Content-Type": "application/x-embedding", "X-Face": "{}", "X-Other": "no" },
    });
  });
  const response = await opened.send("POST", `${EMBED}?template=true`, "pod/worker-1", PICTURE);
  assertEquals([response.status, await response.text()], [200, "embedding"]);
  assertEquals(seen, ["POST", "/embed", "?template=true", [1, 2, 3]]);
  const { headers } = response;
  assertEquals(
    ["Content-Type", "X-Face", "X-Other"].map((name) => headers.get(name)),
    ["application/x-embedding", "{}", null],
  );
  await tick();
  assertEquals(opened.pod.free(), ["worker-2", "worker-3"]);
});

Deno.test("only a token for the process itself reaches it, and only once", async () => {
  let reached = 0;
  await using opened = await open(() => {
    reached++;
    return new Response("ok");
  });
  for (const audience of [undefined, "pod", "pod/worker-2", "other/worker-1"]) {
    assertEquals(await codeOf(await opened.send("POST", EMBED, audience)), "unauthorized");
    assertEquals(
      await codeOf(await opened.send("DELETE", "/processes/worker-1", audience)),
      "unauthorized",
    );
  }
  for (const audience of [undefined, "pod/worker-1"]) {
    assertEquals(await codeOf(await opened.send("GET", "/processes", audience)), "unauthorized");
  }
  assertEquals([reached, opened.pod.free()], [0, ["worker-1", "worker-2"]]);

  const Authorization = `Bearer ${signWorkerToken(keys.signing, "pod")}`;
  const again = () =>
    opened.fetch(new Request("http://pod.test/processes", { headers: { Authorization } }));
  const statuses = [];
  for (const response of [await again(), await again()]) {
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assertEquals(statuses, [200, 401]);
});

Deno.test("a process that is gone or serves another request is used", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  await using opened = await open(() => promise);
  const first = opened.send("POST", EMBED, "pod/worker-1", PICTURE);
  await eventually(() => opened.pod.free()?.length === 1, "the process serves the request");
  const second = await opened.send("POST", EMBED, "pod/worker-1", PICTURE);
  assertEquals([second.status, await codeOf(second)], [409, "worker_used"]);
  resolve(new Response("ok"));
  await (await first).text();
  await eventually(() => opened.pod.free()?.length === 2, "the process is replaced");
  for (const method of ["POST", "DELETE"]) {
    const path = method === "POST" ? EMBED : "/processes/worker-1";
    assertEquals(await codeOf(await opened.send(method, path, "pod/worker-1")), "worker_used");
  }
});

Deno.test("a process that breaks the connection or answers nonsense ends its pod", async () => {
  const nonsense: ((request: Request) => Response)[] = [
    () => new Response("x".repeat(20_000)),
    ({ url }) =>
      url.endsWith("/embed")
        ? new Response(null, { status: 303, headers: { Location: "/elsewhere" } })
        : new Response("ok"),
    ...[401, 409, 418, 503].map((status) => () => Response.json({}, { status })),
    () =>
      new Response(ReadableStream.from((async function* () {
        yield new Uint8Array([1]);
        await Promise.reject(new Error("The process dies"));
      })())),
  ];
  for (const answer of nonsense) {
    await using opened = await open(answer);
    const response = await opened.send("POST", EMBED, "pod/worker-1", PICTURE);
    assertEquals([response.status, await codeOf(response)], [502, "worker_failed"]);
    await tick();
    assertEquals([opened.pod.processes.isReady, opened.pod.free()], [false, undefined]);
    assertEquals((await opened.send("GET", "/ready")).status, 503);
    assertEquals((await opened.send("GET", "/health")).status, 200);
  }
});

Deno.test("a refused picture, an aborted request and a process that was ended do not end the pod", async () => {
  let answer = (): Response | Promise<Response> => Response.json({}, { status: 422 });
  await using opened = await open(() => answer());
  const { processes, free } = opened.pod;
  assertEquals((await opened.send("POST", EMBED, "pod/worker-1", PICTURE)).status, 422);
  await eventually(() => free()?.join() === "worker-2,worker-3", "the process is replaced");

  const waiting = Promise.withResolvers<Response>();
  answer = () => waiting.promise;
  const gone = new AbortController();
  const ask = (process: string, signal = forever()) =>
    opened.send("POST", `/processes/${process}/embed`, `pod/${process}`, { ...PICTURE, signal });
  const aborted = ask("worker-2", gone.signal);
  await eventually(() => free()?.length === 1, "the process serves the request");
  gone.abort();
  assertEquals((await aborted).status, 499);
  await eventually(() => free()?.join() === "worker-3,worker-4", "the process is replaced");
  waiting.resolve(new Response("late"));

  const breaking = Promise.withResolvers<void>();
  // It may break before the answer waits for it.
  breaking.promise.catch(() => {});
  answer = () =>
    new Response(
      ReadableStream.from((async function* () {
        yield new Uint8Array([1]);
        await breaking.promise;
      })()),
    );
  const ended = ask("worker-3");
  await eventually(() => free()?.length === 1, "the process serves the request");
  processes.end("worker-3");
  await eventually(() => free()?.join() === "worker-4,worker-5", "the process is replaced");
  breaking.reject(new Error("The connection ends with the process"));
  assertEquals(await codeOf(await ended), "worker_failed");
  assertEquals([processes.isReady, free()], [true, ["worker-4", "worker-5"]]);
});

Deno.test("a connection that ends while the picture arrives costs its process, not the pod", async () => {
  await using opened = await open(async (request) => {
    const bytes = await request.bytes().catch(() => []);
    return new Response(String(bytes.length));
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, opened.fetch);
  await using _server = { [Symbol.asyncDispose]: () => server.shutdown() };
  const url = urlOf(server);
  using connection = await RawConnection.open(url);
  const token = signWorkerToken(keys.signing, "pod/worker-1");
  await connection.send(
    `POST ${EMBED} HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${token}\r\n`,
    "Content-Type: application/octet-stream\r\nContent-Length: 200000\r\n\r\n",
    new Uint8Array(100_000),
  );
  await eventually(() => opened.pod.free()?.length === 1, "the process serves the request");
  connection[Symbol.dispose]();
  await eventually(() => opened.pod.free()?.at(-1) !== "worker-2", "the process was ended");
  assertEquals(opened.pod.free(), ["worker-2", "worker-3"]);

  const whole = await fetch(new URL("/processes/worker-3/embed", url), {
    method: "POST",
    headers: { Authorization: `Bearer ${signWorkerToken(keys.signing, "pod/worker-3")}` },
    body: new Uint8Array(900_000),
  });
  assertEquals(await whole.text(), "900000");
});

Deno.test("the free processes are told as lines, until the pod takes no more requests", async () => {
  await using opened = await open(() => new Response("ok"));
  const response = await opened.send("GET", "/processes", "pod");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = async () => readFreeProcesses((await reader.read()).value ?? "");
  assertEquals(await next(), ["worker-1", "worker-2"]);
  assertEquals((await opened.send("DELETE", "/processes/worker-2", "pod/worker-2")).status, 204);
  assertEquals(await next(), ["worker-1"]);
  assertEquals(await next(), ["worker-1", "worker-3"]);
  opened.pod.processes.stop("test");
  assertEquals((await reader.read()).done, true);
});

Deno.test("/ready says that every process is sealed", async () => {
  await using opened = await open(() => new Response("ok"));
  const response = await opened.send("GET", "/ready");
  assertEquals([response.status, (await response.json()).seal.system_calls], [200, true]);
});
