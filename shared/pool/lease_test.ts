import { assertEquals } from "@std/assert";
import { lease } from "./lease.ts";

const WORKER = { name: "worker-1", url: new URL("http://worker-1.test:8080") };

Deno.test("when a lease ends, `onEnd` is told whether to keep the worker", async () => {
  const ends: boolean[] = [];
  {
    await using _destroyed = lease(WORKER, (kept) => ends.push(kept));
  }
  {
    await using kept = lease(WORKER, (kept) => ends.push(kept));
    kept.keep();
    assertEquals(ends, [false]);
  }
  assertEquals(ends, [false, true]);
});

Deno.test("a lease that is disposed of twice ends only once, and a later `keep` changes nothing", async () => {
  const ends: boolean[] = [];
  await using twice = lease(WORKER, (kept) => ends.push(kept));
  await twice[Symbol.asyncDispose]();
  twice.keep();
  await twice[Symbol.asyncDispose]();
  assertEquals(ends, [false]);
});

Deno.test("an error in the request destroys the worker", async () => {
  const ends: boolean[] = [];
  const request = async () => {
    await using _lease = lease(WORKER, (kept) => ends.push(kept));
    throw new RangeError("The request failed");
  };
  await request().catch(() => {});
  assertEquals(ends, [false]);
});

Deno.test("a worker that is not trusted is not kept, in whatever order that is said", async () => {
  const ends: (readonly boolean[])[] = [];
  for (const calls of [["keep", "distrust"], ["distrust", "keep"], ["keep"], []] as const) {
    const leased = lease(WORKER, (...end) => void ends.push(end));
    for (const call of calls) leased[call]();
    await leased[Symbol.asyncDispose]();
  }
  assertEquals(ends, [[false, false], [false, false], [true, true], [false, true]]);
});
