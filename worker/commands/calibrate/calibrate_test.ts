import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { normalize } from "../../../matching/vector.ts";
import { CalibrationError, fitCalibration, MIN_PEOPLE } from "./calibrate.ts";

const unit = (...values: number[]): Float32Array => normalize(values);

Deno.test("random directions give about the mean 0 and their number of dimensions", () => {
  for (const dimension of [32, 80, 256]) {
    const { calibration, ...basis } = fitCalibration(randomPeople(200, 5, dimension, 0));
    assertEquals(basis, { people: 200, photos: 1000, pairs: 497_500 });
    assertAlmostEquals(calibration.fitted_mean_cosine, 0, 0.03);
    const error = calibration.fitted_dimension / dimension - 1;
    assert(Math.abs(error) < 0.2, `${calibration.fitted_dimension} of ${dimension}`);
  }
});

Deno.test("a direction that all faces share raises the fitted mean", () => {
  const people = randomPeople(200, 2, 64, 0).map((person) =>
    person.map((embedding) => normalize([0.5, ...embedding]))
  );
  // Of the squared length of each embedding, 0.25 / 1.25 is in the shared direction.
  assertAlmostEquals(fitCalibration(people).calibration.fitted_mean_cosine, 0.2, 0.04);
});

Deno.test("the calibration does not depend on the order of people and photos", () => {
  const people = randomPeople(100, 2, 32, 0);
  const { calibration } = fitCalibration(people);
  const order = fc.shuffledSubarray(people, { minLength: people.length });
  fc.assert(
    fc.property(order, (shuffled) => {
      const again = fitCalibration(shuffled.map((person) => person.toReversed())).calibration;
      // The sum of a cosine has another order, so a cosine can be in the next bin.
      assertAlmostEquals(again.fitted_mean_cosine, calibration.fitted_mean_cosine, 1e-4);
      assertAlmostEquals(again.fitted_dimension, calibration.fitted_dimension, 1e-1);
    }),
    { numRuns: 10 },
  );
});

Deno.test("the error for too few people gives their number", () => {
  assertThrows(() => fitCalibration([]), CalibrationError, "at least 100 people; there are 0");
  const few = [...randomPeople(MIN_PEOPLE - 1, 50, 8, 0), [], []];
  assertThrows(() => fitCalibration(few), CalibrationError, "there are 99");
});

Deno.test("people without an accepted photo do not count", () => {
  const people = randomPeople(MIN_PEOPLE, 3, 32, 0);
  const { people: count, photos } = fitCalibration([[], ...people, []]);
  assertEquals({ count, photos }, { count: 100, photos: 300 });
});

Deno.test("a model that gives everybody the same embedding is an error", () => {
  const people = Array.from({ length: 100 }, () => [unit(1, 0), unit(1, 0)]);
  assertThrows(() => fitCalibration(people), CalibrationError, "no recognition model");
});
