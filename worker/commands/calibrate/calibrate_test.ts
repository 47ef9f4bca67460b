import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { randomPeople } from "../../../tests/support/random_people.ts";
import { normalize } from "../../vector.ts";
import { CalibrationError, fitCalibration, impostorCosines } from "./calibrate.ts";

const unit = (...values: number[]): Float32Array => normalize(values);

Deno.test("only pairs of two different people count", () => {
  const [x, y, between] = [unit(1, 0), unit(0, 1), unit(1, 1)];
  assertEquals([...impostorCosines([[x, x, x], [y]])], [0, 0, 0]);
  assertEquals([...impostorCosines([[x, y, between]])], []);
  assertEquals([...impostorCosines([])], []);
  const cosines = [...impostorCosines([[x, y], [], [x], [y]])].sort();
  assertEquals(cosines, [0, 0, 0, 1, 1]);
});

Deno.test("random directions give the mean 0 and their number of dimensions", () => {
  for (const dimension of [16, 80, 256]) {
    const { calibration, ...basis } = fitCalibration(randomPeople(200, 5, dimension, 0));
    assertEquals(basis, { people: 200, photos: 1000, pairs: 497_500 });
    assertAlmostEquals(calibration.fitted_mean_cosine, 0, 0.005);
    const error = calibration.fitted_dimension / dimension - 1;
    assert(Math.abs(error) < 0.05, `${calibration.fitted_dimension} of ${dimension}`);
  }
});

Deno.test("a direction that all faces share raises the mean cosine between people", () => {
  const people = randomPeople(100, 2, 64, 0).map((person) =>
    person.map((embedding) => normalize([0.5, ...embedding]))
  );
  const { calibration } = fitCalibration(people);
  // Of the squared length of each embedding, 0.25 / 1.25 is in the shared direction. The other 0.8
  // is in a random direction of 64 dimensions.
  assertAlmostEquals(calibration.fitted_mean_cosine, 0.2, 0.01);
  assertAlmostEquals(calibration.fitted_dimension, 64 / 0.8 ** 2, 5);
});

Deno.test("the calibration does not depend on the order of people and photos", () => {
  const people = randomPeople(12, 4, 32, 0);
  const { calibration } = fitCalibration(people);
  const order = fc.shuffledSubarray(people, { minLength: people.length });
  fc.assert(
    fc.property(order, (shuffled) => {
      const again = fitCalibration(shuffled.map((person) => person.toReversed())).calibration;
      assertAlmostEquals(again.fitted_mean_cosine, calibration.fitted_mean_cosine, 1e-12);
      assertAlmostEquals(again.fitted_dimension, calibration.fitted_dimension, 1e-9);
    }),
    { numRuns: 20 },
  );
});

Deno.test("the error for too few people or pairs gives their numbers", () => {
  assertThrows(() => fitCalibration([]), CalibrationError, "there are 0 people and 0 pairs");
  assertThrows(
    () => fitCalibration([...randomPeople(4, 50, 8, 0), []]),
    CalibrationError,
    "there are 4 people",
  );
  assertThrows(
    () => fitCalibration(randomPeople(5, 7, 8, 0)),
    CalibrationError,
    "there are 5 people and 490 pairs",
  );
  assertEquals(fitCalibration(randomPeople(5, 8, 8, 0)).pairs, 640);
});

Deno.test("people without an accepted photo do not count", () => {
  const people = randomPeople(6, 8, 8, 0);
  const { people: count, photos } = fitCalibration([[], ...people, []]);
  assertEquals({ count, photos }, { count: 6, photos: 48 });
});

Deno.test("a model that gives everybody the same embedding is an error", () => {
  const people = Array.from({ length: 10 }, () => [unit(1, 0), unit(1, 0), unit(1, 0), unit(1, 0)]);
  assertThrows(() => fitCalibration(people), CalibrationError, "is not a recognition model");
});
