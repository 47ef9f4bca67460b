import { assertEquals } from "@std/assert";
import { forever } from "../support/forever.ts";
import { openProcessBackend } from "./process_backend.ts";
import { testPoolContract } from "./pool_contract.ts";

testPoolContract("process pool", openProcessBackend);

Deno.test("process pool: closing leaves no process", async () => {
  await using backend = await openProcessBackend();
  const pool = await backend.open({ size: 2, queueLimit: 2, requestsPerWorker: 1 });
  await using lease = await pool.claim(forever());
  const closed = pool[Symbol.asyncDispose]();
  await lease[Symbol.asyncDispose]();
  await closed;
  assertEquals(await backend.count(), 0);
});
