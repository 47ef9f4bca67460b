/** The clock of a discrete event simulation. It jumps from event to event. */

import { PriorityQueue } from "./priority_queue.ts";

/** Runs actions in the order of their times. At the same time, the first planned runs first. */
export class Timeline {
  readonly #events = new PriorityQueue<() => void>();
  #now = 0;

  /** Seconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Plans an action for `seconds` from now. */
  after(seconds: number, action: () => void): void {
    this.#events.add(this.#now + seconds, action);
  }

  /** Runs the planned actions. Actions after `untilSeconds` stay planned. */
  run(untilSeconds = Infinity): void {
    while (this.#events.length > 0 && this.#events.firstKey! <= untilSeconds) {
      this.#now = this.#events.firstKey!;
      this.#events.take()!();
    }
  }
}
