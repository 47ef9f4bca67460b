import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ExpiryQueue } from "./expiry_queue.ts";

Deno.test("exactly the items that have expired are taken, the earliest one first", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 9, arbitrary: fc.record({ add: fc.nat(999) }) },
      { weight: 4, arbitrary: fc.record({ remove: fc.nat(99) }) },
      { weight: 1, arbitrary: fc.record({ now: fc.nat(999) }) },
    ),
    { maxLength: 100, size: "max" },
  );
  fc.assert(fc.property(steps, (steps) => {
    const queue = new ExpiryQueue<{ readonly expiresAt: number }>();
    const expected: { readonly expiresAt: number }[] = [];
    for (const step of steps) {
      if ("add" in step) {
        const item = { expiresAt: step.add };
        queue.add(item);
        expected.push(item);
      } else if ("remove" in step) {
        const [item] = expected.splice(step.remove % (expected.length + 1), 1);
        if (item !== undefined) queue.remove(item);
      } else {
        const due = expected.filter(({ expiresAt }) => expiresAt <= step.now);
        const taken = Array.from(due, () => queue.takeExpired(step.now));
        assertEquals(queue.takeExpired(step.now), undefined);
        const times = taken.map((item) => item?.expiresAt);
        assertEquals(times, due.map(({ expiresAt }) => expiresAt).toSorted((a, b) => a - b));
        assertEquals(new Set(taken), new Set(due));
        for (const item of due) expected.splice(expected.indexOf(item), 1);
      }
    }
  }));
});

Deno.test("an item that is not in the queue can be removed", () => {
  const queue = new ExpiryQueue();
  const item = { expiresAt: 1 };
  queue.remove(item);
  queue.add(item);
  queue.remove(item);
  queue.remove(item);
  assertEquals(queue.takeExpired(2), undefined);
});
