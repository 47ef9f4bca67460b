import { assertEquals } from "@std/assert";
import { createLikeness } from "./likeness.ts";

Deno.test("1 in 100 strangers is alike, and without a calibration a cosine of 0.3 is needed", () => {
  const isAlike = createLikeness({ fitted_mean_cosine: 0.0221, fitted_dimension: 79.9 });
  assertEquals([isAlike(0.27), isAlike(0.29)], [false, true]);
  const uncalibrated = createLikeness(undefined);
  assertEquals([uncalibrated(0.29), uncalibrated(0.3)], [false, true]);
});
