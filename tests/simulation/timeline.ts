/** The clock of a discrete event simulation. It jumps from event to event. */

import { PriorityQueue } from "./priority_queue.ts";

/** Runs actions in the order of their times; actions of one time in the order of planning. */
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

  /** Runs all planned actions, those after `untilSeconds` excepted. */
  run(untilSeconds = Infinity): void {
    while (this.#events.length > 0 && this.#events.firstKey! <= untilSeconds) {
      this.#now = this.#events.firstKey!;
      this.#events.take()!();
    }
  }
}
