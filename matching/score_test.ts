import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Comparison } from "./match.ts";
import { chooseScore, NotCalibratedError } from "./score.ts";

const nearest = (similarity: number, compared = 1): Comparison => ({ similarity, compared });
const CALIBRATION = { fitted_mean_cosine: 0.022, fitted_dimension: 80 };

Deno.test("a calibrated score falls as more templates are compared", () => {
  const score = chooseScore("confidence", CALIBRATION);
  assert(score(nearest(0.5)) > 0.7);
  assert(score(nearest(0.5, 100)) < score(nearest(0.5)));
  assert(score(nearest(0.1)) < 0.01);
});

Deno.test("with MATCH_ON=cosine, the score is the cosine, or 0 when the cosine is negative", () => {
  for (const calibration of [CALIBRATION, undefined]) {
    const score = chooseScore("cosine", calibration);
    assertEquals(score(nearest(0.42)), 0.42);
    assertEquals(score(nearest(0.42, 1000)), 0.42);
    assertEquals(score(nearest(-0.3)), 0);
  }
});

Deno.test("MATCH_ON=confidence needs a calibration", () => {
  assertThrows(() => chooseScore("confidence", undefined), NotCalibratedError, "MATCH_ON=cosine");
});
