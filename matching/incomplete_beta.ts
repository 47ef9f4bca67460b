/** The regularised incomplete beta function, accurate also for very small results. */

/**
 * Returns Iₓ(a, b): the chance that a variable with the beta distribution (a, b) is at most x. The
 * relative error is about 1e-12, also for results as small as 1e-300. A result that is too small
 * for a double is 0.
 *
 * The result comes from the continued fraction DLMF 8.17.22 (https://dlmf.nist.gov/8.17#v). It
 * converges fast on one side of the mean; the other side follows from Iₓ(a, b) = 1 − I₁₋ₓ(b, a).
 *
 * @param x 0 to 1
 * @param a Above 0
 * @param b Above 0
 * @param y 1 − x. Pass it when you know it more precisely than the subtraction gives it
 * @returns 0 to 1
 * @throws {RangeError} when an argument is outside its range or NaN
 */
export function regularizedIncompleteBeta(x: number, a: number, b: number, y = 1 - x): number {
  if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) {
    throw new RangeError(`The incomplete beta function needs x from 0 to 1, not ${x}`);
  }
  if (!(a > 0 && b > 0 && Number.isFinite(a + b))) {
    throw new RangeError(`The incomplete beta function needs a and b above 0, not ${a} and ${b}`);
  }
  if (x === 0) return 0;
  if (y === 0) return 1;
  return x <= (a + 1) / (a + b + 2) ? lowerTail(x, y, a, b) : 1 - lowerTail(y, x, b, a);
}

function lowerTail(x: number, y: number, a: number, b: number): number {
  // Uses logarithms. The factors of the power term overflow or underflow long before their product.
  const exponent = logPowerTerm(x, y, a, b) - Math.log(a) + Math.log(continuedFraction(x, a, b));
  return Math.min(Math.exp(exponent), 1);
}

const MAX_TERMS = 100_000;

/** Computes the continued fraction by the modified method of Lentz (Thompson and Barnett, 1986). */
function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - (a + b) * x / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    fraction *= c * d;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    fraction *= c * d;
    if (Math.abs(c * d - 1) < Number.EPSILON) break;
  }
  return fraction;
}

const awayFromZero = (value: number): number => Math.abs(value) < 1e-300 ? 1e-300 : value;

/**
 * Returns ln(xᵃ yᵇ / B(a, b)). When a is large, the three logarithms of the gamma function inside B
 * nearly cancel and leave few correct digits. So their leading terms (Lanczos) are combined first.
 */
function logPowerTerm(x: number, y: number, a: number, b: number): number {
  const aShifted = a + LANCZOS_G - 0.5;
  const bShifted = b + LANCZOS_G - 0.5;
  const sumShifted = a + bShifted;
  return a * logRatio(x, sumShifted, aShifted) + b * logRatio(y, sumShifted, bShifted) +
    0.5 * Math.log(aShifted * bShifted / (2 * Math.PI * sumShifted)) + (LANCZOS_G - 0.5) +
    Math.log(lanczosSum(a + b) / (lanczosSum(a) * lanczosSum(b)));
}

/** Returns ln(x · numerator / denominator), precise also where the product is near 1. */
function logRatio(x: number, numerator: number, denominator: number): number {
  const excess = (x * numerator - denominator) / denominator;
  return Math.abs(excess) < 0.5
    ? Math.log1p(excess)
    : Math.log(x) + Math.log(numerator / denominator);
}

// Lanczos' approximation Γ(z) = √(2π) (z + g − ½)^(z − ½) e^−(z + g − ½) · sum(z), with the
// coefficients of Godfrey (2001) for g = 7: relative error below 1e-14 for z > 0.
const LANCZOS_G = 7;
const LANCZOS_COEFFICIENTS = [
  676.5203681218851,
  -1259.1392167224028,
  771.32342877765313,
  -176.61502916214059,
  12.507343278686905,
  -0.13857109526572012,
  9.9843695780195716e-6,
  1.5056327351493116e-7,
];

function lanczosSum(z: number): number {
  return LANCZOS_COEFFICIENTS.reduce(
    (sum, coefficient, i) => sum + coefficient / (z + i),
    0.99999999999980993,
  );
}
