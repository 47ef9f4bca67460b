import { assert, assertEquals } from "@std/assert";
import { createRates } from "./rates.ts";

Deno.test("a key may send its number of requests, and each key is counted alone", async () => {
  const rates = createRates(undefined);
  const remaining = [];
  for (let i = 0; i < 4; i++) {
    const { limit, remaining: left, exceeded, resetSeconds } = await rates.ofKey("a", 3);
    assert(resetSeconds >= 1 && resetSeconds <= 60);
    assertEquals(limit, 3);
    remaining.push([left, exceeded]);
  }
  assertEquals(remaining, [[2, false], [1, false], [0, false], [0, true]]);
  assertEquals((await rates.ofKey("b", 3)).exceeded, false);
  assertEquals((await rates.ofKey("a", 4)).exceeded, false, "a key with a new rate");
});

Deno.test("addresses have no limit by default", async () => {
  assertEquals(await createRates(undefined).ofAddress("192.0.2.1"), undefined);
});

Deno.test("the addresses of one IPv6 client are counted together", async () => {
  const rates = createRates(2);
  const exceeded = [];
  for (const end of ["1", "2", "3"]) {
    exceeded.push((await rates.ofAddress(`2001:db8::${end}`))!.exceeded);
  }
  assertEquals(exceeded, [false, false, true]);
});
