import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cosineNeeded } from "./cosine_needed.ts";

Deno.test("the cosine needed reaches the threshold, and the next lower one does not", () => {
  const cosine = ({ similarity }: { similarity: number }) => Math.max(similarity, 0);
  assertEquals(cosineNeeded({ score: cosine, threshold: 0.5 }), 0.5);
  assertEquals(cosineNeeded({ score: () => 0.4, threshold: 0.5 }), null);
  assertEquals(cosineNeeded({ score: () => NaN, threshold: 0.5 }), null);
  fc.assert(
    fc.property(
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (middle, threshold) => {
        const score = ({ similarity }: { similarity: number }) =>
          1 / (1 + Math.exp(-20 * (similarity - middle)));
        const found = cosineNeeded({ score, threshold });
        const at = (similarity: number) => score({ similarity });
        if (found === null) return assert(at(1) < threshold);
        assert(at(found) >= threshold);
        assert(found <= -1 || at(found - 2 / 10_000) < threshold);
      },
    ),
  );
});
