import { assert, assertRejects } from "@std/assert";
import { localWorker } from "../../api/pool/process/local_worker.ts";
import { createWorkerLauncher } from "../../shared/pool/process/worker_process.ts";
import { ProcessStartError } from "../../shared/process/start_process.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { needs } from "../support/needs.ts";
import { forever } from "../support/forever.ts";

const LOCAL = localWorker(new Map());
const { publicPem: PUBLIC_KEYS } = fakeTokenKeys();

function launcher(env: Record<string, string>, startTimeoutMs = 30_000) {
  return createWorkerLauncher({
    env: { ...LOCAL.env, WORKER_TOKEN_PUBLIC_KEYS: PUBLIC_KEYS, LOG_LEVEL: "silent", ...env },
    readable: LOCAL.readable,
    startTimeoutMs,
  });
}

/** Returns the number of files that this process has open. Deno itself cannot count them. */
async function openFiles(): Promise<number> {
  const { stdout } = await new Deno.Command("sh", {
    args: ["-c", `ls /proc/${Deno.pid}/fd | wc -l`],
  }).output();
  return Number(new TextDecoder().decode(stdout));
}

needs("linux")("a worker that has ended leaves no file open", async () => {
  const launch = launcher({});
  const before = await openFiles();
  for (let i = 0; i < 12; i++) {
    const worker = await launch(`worker-${i}`, forever());
    worker.kill();
    await worker.ended;
  }
  const after = await openFiles();
  // Idle connections of fetch may stay open for a moment. Pipes must be closed.
  assert(after - before < 6, `${before} files before, ${after} after`);
});

Deno.test("a launch fails immediately when the worker ends before it is ready", async () => {
  const launch = launcher({ MATCH_THRESHOLD: "luck" });
  await assertRejects(() => launch("worker-1", forever()), ProcessStartError, "exit code 1");
});

Deno.test("a launch fails when the worker is not ready in time", async () => {
  const launch = launcher({}, 1);
  await assertRejects(() => launch("worker-1", forever()), ProcessStartError, "within 1 ms");
});

Deno.test("when its signal aborts, a launch rejects with the reason of the signal", async () => {
  const controller = new AbortController();
  const launched = assertRejects(
    () => launcher({})("worker-1", controller.signal),
    RangeError,
    "Cancelled",
  );
  controller.abort(new RangeError("Cancelled"));
  await launched;
});
