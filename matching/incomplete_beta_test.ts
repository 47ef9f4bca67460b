import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { regularizedIncompleteBeta } from "./incomplete_beta.ts";

/** x, a, b and Iₓ(a, b), computed with mpmath at 60 digits; scipy.special.betainc agrees. */
const GOLDEN: readonly (readonly [number, number, number, number])[] = [
  [0.5, 2, 3, 0.6875],
  [0.1, 0.5, 0.5, 0.20483276469913345754],
  [0.9, 0.5, 0.5, 0.79516723530086657191],
  [0.3, 1, 1, 0.3],
  [1e-9, 1, 0.5, 5.000000001250000312e-10],
  [0.25, 1, 0.5, 0.13397459621556135324],
  [0.05, 3, 40, 0.35101360934622804773],
  [0.2, 3, 40, 0.99444382697761905419],
  [0.999999, 39.45, 0.5, 0.99293524765526239002],
  [0.99, 39.45, 0.5, 0.37471570155898342731],
  [0.96, 39.45, 0.5, 0.073612210508266735215],
  [0.75, 39.45, 0.5, 2.0387478338832767784e-6],
  [0.5, 39.45, 0.5, 1.6660627574733086633e-13],
  [0.01, 39.45, 0.5, 1.1328011968598898944e-80],
  [1e-6, 39.45, 0.5, 1.7865933658005145844e-238],
  [0.84, 255.5, 0.5, 3.9307741789891141483e-21],
  [0.1, 255.5, 0.5, 1.1757144893603925864e-257],
  [0.999, 5000, 0.5, 0.0015615791602892832788],
  [0.9, 5000, 0.5, 4.1123160890507654308e-231],
  [0.99, 50000, 0.5, 1.4495725929421882531e-220],
];

Deno.test("the incomplete beta function agrees with 60-digit arithmetic to 1e-12", () => {
  for (const [x, a, b, expected] of GOLDEN) {
    const actual = regularizedIncompleteBeta(x, a, b);
    const error = Math.abs(actual / expected - 1);
    assert(error <= 1e-12, `I(${x}; ${a}, ${b}) is ${actual}, off by ${error}`);
  }
});

Deno.test("the incomplete beta function is 0 for x = 0, 1 for x = 1, and 0 when it underflows", () => {
  assertEquals(regularizedIncompleteBeta(0, 39.5, 0.5), 0);
  assertEquals(regularizedIncompleteBeta(1, 39.5, 0.5), 1);
  assertEquals(regularizedIncompleteBeta(1e-300, 39.5, 0.5), 0);
  assertEquals(regularizedIncompleteBeta(Number.MIN_VALUE, 50_000, 0.5), 0);
});

Deno.test("the incomplete beta function is symmetric: I(x; a, b) + I(1 - x; b, a) = 1", () => {
  const parameter = fc.double({ min: 0.1, max: 1000, noNaN: true });
  const x = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(x, parameter, parameter, (x, a, b) => {
    const sum = regularizedIncompleteBeta(x, a, b) + regularizedIncompleteBeta(1 - x, b, a, x);
    assert(Math.abs(sum - 1) < 1e-11, `The sum is ${sum}`);
  }));
});

Deno.test("the incomplete beta function refuses arguments outside its domain", () => {
  for (const x of [-0.1, 1.1, NaN]) {
    assertThrows(() => regularizedIncompleteBeta(x, 1, 1), RangeError, "x from 0 to 1");
  }
  for (const parameter of [0, -1, NaN, Infinity]) {
    assertThrows(() => regularizedIncompleteBeta(0.5, parameter, 1), RangeError, "above 0");
    assertThrows(() => regularizedIncompleteBeta(0.5, 1, parameter), RangeError, "above 0");
  }
});
