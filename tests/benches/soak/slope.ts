/** The slope of a series of measurements. */

/** A point of a series. */
export type Point = readonly [x: number, y: number];

/**
 * Returns the slope of the line that fits the points best (least squares).
 *
 * @param points Points with at least two different values of x
 */
export function slope(points: readonly Point[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(points.map(([x]) => (x - meanX) ** 2));
}

/**
 * Returns the slope between the lowest point of the first third of a series and that of the last
 * third. Memory that is freed by a garbage collection now and then rises and falls between them. A
 * leak lifts both. Each third must be longer than the time from one collection to the next.
 *
 * @param points At least three points, in the order of x
 */
export function slopeOfLowest(points: readonly Point[]): number {
  const third = Math.floor(points.length / 3);
  const lowest = (part: readonly Point[]) => part.reduce((a, b) => b[1] < a[1] ? b : a);
  const [x0, y0] = lowest(points.slice(0, third)), [x1, y1] = lowest(points.slice(-third));
  return (y1 - y0) / (x1 - x0);
}
