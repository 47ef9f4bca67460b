/** Computes the scale of the axes of DET plots. */

/**
 * Returns the normal quantile of a probability: the number z so that a standard normal variable is
 * below z with this probability. Uses Acklam's rational approximations (2003); the relative error
 * is about 1e-9.
 *
 * @param probability 0 to 1
 * @returns −Infinity for 0, 0 for 0.5, Infinity for 1
 */
export function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  if (probability === 0) return -Infinity;
  if (probability >= TAIL) {
    const q = probability - 0.5;
    const r = q * q;
    return q * polynomial(CENTRE_OVER, r) / polynomial(CENTRE_UNDER, r);
  }
  const q = Math.sqrt(-2 * Math.log(probability));
  return polynomial(TAIL_OVER, q) / polynomial(TAIL_UNDER, q);
}

const TAIL = 0.02425;

// The first coefficient belongs to the highest power.
const CENTRE_OVER = [
  -3.969683028665376e1,
  2.209460984245205e2,
  -2.759285104469687e2,
  1.38357751867269e2,
  -3.066479806614716e1,
  2.506628277459239,
];
const CENTRE_UNDER = [
  -5.447609879822406e1,
  1.615858368580409e2,
  -1.556989798598866e2,
  6.680131188771972e1,
  -1.328068155288572e1,
  1,
];
const TAIL_OVER = [
  -7.784894002430293e-3,
  -3.223964580411365e-1,
  -2.400758277161838,
  -2.549732539343734,
  4.374664141464968,
  2.938163982698783,
];
const TAIL_UNDER = [
  7.784695709041462e-3,
  3.224671290700398e-1,
  2.445134137142996,
  3.754408661907416,
  1,
];

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
