/** The clock of a discrete event simulation: it jumps from event to event. */

import { PriorityQueue } from "./priority_queue.ts";

/** Runs actions in the order of their times; those of one time in the order of their planning. */
export class Timeline {
  readonly #events = new PriorityQueue<() => void>();
  #now = 0;

  /** Seconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Plans an action. */
  after(seconds: number, action: () => void): void {
    this.#events.add(this.#now + seconds, action);
  }

  /** Runs until nothing is planned any more. */
  run(): void {
    while (this.#events.length > 0) {
      this.#now = this.#events.firstKey!;
      this.#events.take()!();
    }
  }
}
