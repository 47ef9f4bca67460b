import { assertEquals, assertRejects } from "@std/assert";
import { ProcessStartError } from "../../shared/process/start_process.ts";
import { SEAL_PARTS } from "../../shared/contract/worker_seal.ts";
import { TestWorker } from "./test_worker.ts";

Deno.test("with REQUIRE_SEAL, a worker that cannot seal itself does not start, and says why", async () => {
  const { message } = await assertRejects(
    () => TestWorker.start(["seal"], "service", { REQUIRE_SEAL: "true" }),
    ProcessStartError,
    "REQUIRE_SEAL is true and the seal is not complete: no_writable_files: this worker is for a test",
  );
  assertEquals(message.split("\n").length, 1);
});

Deno.test("without REQUIRE_SEAL, a worker that cannot seal itself starts, and says so", async () => {
  await using worker = await TestWorker.start(["seal"]);
  const { seal } = await worker.ready();
  assertEquals(seal, Object.fromEntries(SEAL_PARTS.map((part) => [part, false])));
});
