import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "../shared/backoff.ts";
import { tryService, UnexpectedResponse } from "./try_service.ts";

/** Starts a service that gives these answers, one for each request. */
function serve(...answers: [status: number, code?: string][]) {
  let requests = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    const [status, code] = answers[requests++]!;
    return Response.json({ code }, { status });
  });
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}`),
    requests: () => requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const signal = () => AbortSignal.timeout(20_000);

Deno.test("the service passes after a worker has processed the picture", async () => {
  await using service = serve([503, "no_worker_available"], [422, "no_face"]);
  await tryService(service.url, signal(), 1);
  assertEquals(service.requests(), 2);
});

Deno.test("the service does not pass when its worker fails", async () => {
  await using service = serve([502, "worker_failed"]);
  await assertRejects(
    () => tryService(service.url, signal(), 1),
    UnexpectedResponse,
    "502 worker_failed",
  );
});

Deno.test("a server that is not face-it does not pass", async () => {
  await using service = serve([200]);
  await assertRejects(() => tryService(service.url, signal(), 1), UnexpectedResponse, "200");
});

Deno.test("an unreachable service is retried until the deadline", async () => {
  const gone = serve();
  await gone[Symbol.asyncDispose]();
  const deadline = new AbortController();
  const trying = tryService(gone.url, deadline.signal, 1);
  let over = false;
  void trying.catch(() => over = true);
  // In this time, the command tries many connections, and all are refused.
  await delay(200, new AbortController().signal);
  assert(!over, "The command gave up before the deadline");
  deadline.abort(new Error("the deadline"));
  await assertRejects(() => trying, Error, "the deadline");
});
