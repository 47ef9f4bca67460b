import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PriorityQueue } from "./priority_queue.ts";

Deno.test("items come in the order of their keys, and equal keys in the order of adding", () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (keys) => {
    const queue = new PriorityQueue<number>();
    for (const [i, key] of keys.entries()) queue.add(key, i);
    const expected = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
    assertEquals(queue.length, keys.length);
    assertEquals(keys.map(() => [queue.firstKey, queue.take()]), expected.map((i) => [keys[i], i]));
    assertEquals([queue.firstKey, queue.take()], [undefined, undefined]);
  }));
});

Deno.test("the order stays right when items are added between takes", () => {
  fc.assert(fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 9 }))), (steps) => {
    const queue = new PriorityQueue<number>();
    let model: number[] = [];
    for (const key of steps) {
      if (key === null) {
        assertEquals(queue.take(), model.shift());
      } else {
        queue.add(key, key);
        model = [...model, key].sort((a, b) => a - b);
      }
    }
  }));
});
