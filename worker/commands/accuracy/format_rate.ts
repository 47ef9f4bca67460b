/** Formats rates and counts for tables. */

/** Formats a share as a percentage. A small share has more digits. */
export function formatPercent(share: number): string {
  const digits = share >= 0.01 ? 1 : share === 0 || share >= 1e-3 ? 2 : 3;
  return `${(share * 100).toFixed(digits)} %`;
}

/** Formats a share as "1 in N", with two digits of N. */
export function formatOdds(share: number): string {
  return share === 0 ? "0" : `1 in ${formatCount(Number((1 / share).toPrecision(2)))}`;
}

/**
 * Formats the rate of an event that none of `count` tries showed. A rate of 3 / count is still
 * possible (the rule of three).
 */
export function formatNone(count: number): string {
  return `0 (up to ${formatOdds(Math.min(3 / count, 1))})`;
}

/** Formats a whole number with separators of thousands. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en");
}
