/** The times at which requests arrive. */

import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { Timeline } from "./timeline.ts";

/** Plans the requests of a scenario. Each request calls `arrive` once. */
export function planArrivals(scenario: Scenario, timeline: Timeline, arrive: () => void): void {
  const { ratePerSecond, burst, durationSeconds, seed } = scenario;
  const random = new Random(seed);
  const planNext = () => {
    const seconds = random.exponential(1 / ratePerSecond);
    if (timeline.now + seconds > durationSeconds) return;
    timeline.after(seconds, () => {
      arrive();
      planNext();
    });
  };
  if (ratePerSecond > 0) planNext();
  if (burst === undefined) return;
  for (let at = burst.everySeconds; at <= durationSeconds; at += burst.everySeconds) {
    timeline.after(at, () => {
      for (let i = 0; i < burst.size; i++) arrive();
    });
  }
}
