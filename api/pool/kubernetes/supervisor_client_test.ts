import { assertEquals, assertRejects } from "@std/assert";
import { processUrl } from "../../../shared/contract/pod_processes.ts";
import { fakeTokenKeys } from "../../../shared/http/fake_token_keys.ts";
import { createTokenVerifier } from "../../../shared/http/worker_token.ts";
import { forever } from "../../../tests/support/forever.ts";
import { createSupervisorClient, SupervisorUnreached } from "./supervisor_client.ts";

const keys = fakeTokenKeys();

/** Starts a supervisor that answers with `answer`. */
function serve(answer: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  const pod = { name: "pod", url: new URL(`http://127.0.0.1:${server.addr.port}`) };
  const client = createSupervisorClient(() => keys.signing);
  const read = async () => {
    const lines: (readonly string[])[] = [];
    for await (const free of client.free(pod, forever())) lines.push(free);
    return lines;
  };
  return { pod, client, read, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("the free processes are read line by line, until the supervisor ends", async () => {
  const audiences: string[] = [];
  await using supervisor = serve(async (request) => {
    const verify = createTokenVerifier({ keys: () => keys.verifying, workerName: "pod" });
    await verify(request.headers.get("Authorization")!);
    audiences.push(new URL(request.url).pathname);
    const parts = ['{"free":["worker-1","wor', 'ker-2"]}\n{"free":[]}\n'];
    return new Response(ReadableStream.from(parts).pipeThrough(new TextEncoderStream()));
  });
  assertEquals(await supervisor.read(), [["worker-1", "worker-2"], []]);
  assertEquals(audiences, ["/processes"]);
});

Deno.test("an answer that is not as documented is refused", async () => {
  const answers = [
    new Response("hello\n"),
    new Response('{"free":["../x"]}\n'),
    new Response('{"free":["a"],"more":1}\n'),
    new Response(JSON.stringify({ free: Array.from({ length: 65 }, (_, i) => `w-${i}`) }) + "\n"),
    new Response("x".repeat(10_000)),
    new Response("no", { status: 401 }),
  ];
  for (const answer of answers) {
    await using supervisor = serve(() => answer);
    await assertRejects(supervisor.read, Error, "The supervisor");
  }
});

Deno.test("only a supervisor with which no connection was made is unreached", async () => {
  const supervisor = serve(() => new Response(null, { status: 500 }));
  assertEquals(
    await assertRejects(supervisor.read, Error) instanceof SupervisorUnreached,
    false,
  );
  await supervisor[Symbol.asyncDispose]();
  await assertRejects(supervisor.read, SupervisorUnreached);
});

Deno.test("the end of a process is asked for with a token for that process", async () => {
  for (const [status, isEnded] of [[204, true], [409, true], [401, false], [500, false]] as const) {
    const calls: string[] = [];
    await using supervisor = serve(async (request) => {
      const verify = createTokenVerifier({
        keys: () => keys.verifying,
        workerName: "pod/worker-1",
      });
      await verify(request.headers.get("Authorization")!);
      calls.push(`${request.method} ${new URL(request.url).pathname}`);
      return new Response(null, { status });
    });
    const { pod, client } = supervisor;
    const worker = { name: "pod/worker-1", url: processUrl(pod.url, "worker-1") };
    const end = client.end(pod, "worker-1", worker);
    if (isEnded) await end;
    else await assertRejects(() => end, Error, `answered ${status}`);
    assertEquals(calls, ["DELETE /processes/worker-1"]);
  }
});
