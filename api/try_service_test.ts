import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "../shared/backoff.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { readKeyFile, tryService, UnexpectedResponse } from "./try_service.ts";

/** Starts a service that gives these answers, one for each request. */
function serve(...answers: [status: number, code?: string][]) {
  const keys: (string | null)[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ headers }) => {
    const [status, code] = answers[keys.length]!;
    keys.push(headers.get("Authorization"));
    return Response.json({ code }, { status });
  });
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}`),
    /** The header Authorization of each request. */
    keys,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const signal = () => AbortSignal.timeout(20_000);

Deno.test("the service passes after a worker has processed the picture", async () => {
  await using service = serve([503, "no_worker_available"], [422, "no_face"]);
  await tryService(service.url, signal(), { pauseMs: 1 });
  assertEquals(service.keys, [null, null]);
});

Deno.test("the service does not pass when its worker fails", async () => {
  await using service = serve([502, "worker_failed"]);
  await assertRejects(
    () => tryService(service.url, signal(), { pauseMs: 1 }),
    UnexpectedResponse,
    "502 worker_failed",
  );
});

Deno.test("the key is sent with each request", async () => {
  await using service = serve([503, "no_worker_available"], [422, "no_face"]);
  await tryService(service.url, signal(), { key: "fi_1_2", pauseMs: 1 });
  assertEquals(service.keys, ["Bearer fi_1_2", "Bearer fi_1_2"]);
});

Deno.test("a key that the service refuses does not pass", async () => {
  await using service = serve([401, "unauthorized"]);
  await assertRejects(
    () => tryService(service.url, signal(), { key: "fi_1_2", pauseMs: 1 }),
    UnexpectedResponse,
    "401 unauthorized",
  );
});

Deno.test("the file of a key has one key, or is missing", async () => {
  await using folder = await temporaryFolder({
    "key": "fi_1_2\n",
    "empty": "\n",
    "two": "fi_1_2\nfi_3_4\n",
  });
  assertEquals(await readKeyFile(folder.path("key")), "fi_1_2");
  assertEquals(await readKeyFile(folder.path("missing/key")), undefined);
  for (const name of ["empty", "two"]) {
    const error = await assertRejects(() => readKeyFile(folder.path(name)), TypeError, "one key");
    assert(!error.message.includes("fi_"));
  }
});

Deno.test("a server that is not face-it does not pass", async () => {
  await using service = serve([200]);
  await assertRejects(
    () => tryService(service.url, signal(), { pauseMs: 1 }),
    UnexpectedResponse,
    "200",
  );
});

Deno.test("an unreachable service is retried until the deadline", async () => {
  const gone = serve();
  await gone[Symbol.asyncDispose]();
  const deadline = new AbortController();
  const trying = tryService(gone.url, deadline.signal, { pauseMs: 1 });
  let over = false;
  void trying.catch(() => over = true);
  // In this time, the command tries many connections, and all are refused.
  await delay(200, new AbortController().signal);
  assert(!over, "The command gave up before the deadline");
  deadline.abort(new Error("the deadline"));
  await assertRejects(() => trying, Error, "the deadline");
});
