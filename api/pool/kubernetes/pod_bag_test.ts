import fc from "fast-check";
import { assertEquals } from "@std/assert";
import type { Pod } from "./pod.ts";
import { PodBag } from "./pod_bag.ts";

const pod = (uid: string, resourceVersion = "1") => ({ uid, resourceVersion }) as Pod;

Deno.test("a bag has the pods that were put in and not removed, each at its last version", () => {
  const steps = fc.array(fc.record({
    do: fc.constantFrom("put", "remove", "draw"),
    uid: fc.constantFrom("a", "b", "c", "d"),
    chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }));
  fc.assert(fc.property(steps, (steps) => {
    const bag = new PodBag(), expected = new Map<string, Pod>();
    for (const [i, { do: step, uid, chance }] of steps.entries()) {
      if (step === "put") {
        bag.put(pod(uid, String(i)));
        expected.set(uid, pod(uid, String(i)));
      } else if (step === "remove") {
        bag.remove(pod(uid));
        expected.delete(uid);
      } else {
        const drawn = bag.draw(chance);
        assertEquals(drawn, expected.get(drawn?.uid ?? ""));
        assertEquals(drawn === undefined, expected.size === 0);
        expected.delete(drawn?.uid ?? "");
      }
      assertEquals(bag.size, expected.size);
      for (const uid of ["a", "b", "c", "d"]) assertEquals(bag.has(pod(uid)), expected.has(uid));
    }
  }));
});

Deno.test("every pod of a bag is equally likely to be drawn", () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 300; i++) {
    const bag = new PodBag();
    for (const uid of ["a", "b", "c", "gone"]) bag.put(pod(uid));
    bag.remove(pod("gone"));
    const { uid } = bag.draw(i / 300)!;
    counts.set(uid, (counts.get(uid) ?? 0) + 1);
  }
  assertEquals([...counts.values()], [100, 100, 100]);
});
