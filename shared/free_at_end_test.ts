import { assertEquals } from "@std/assert";
import { freeAtEnd } from "./free_at_end.ts";

Deno.test("the memory is free after the end, for every array that shares it", () => {
  const bytes = new Uint8Array(10);
  const part = bytes.subarray(2, 4);
  {
    using _memory = freeAtEnd(part);
    assertEquals(bytes.length, 10);
  }
  assertEquals([bytes.length, part.length], [0, 0]);
});

Deno.test("memory may be freed twice", () => {
  const bytes = new Uint8Array(10);
  using _first = freeAtEnd(bytes);
  using _second = freeAtEnd(bytes);
});
