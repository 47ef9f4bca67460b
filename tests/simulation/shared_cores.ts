/** Cores that single-threaded tasks share equally, as in Linux (processor sharing). */

import { PriorityQueue } from "./priority_queue.ts";
import type { Timeline } from "./timeline.ts";

/** Gives every task the same share of the cores, at most one core each. */
export class SharedCores {
  readonly #timeline: Timeline;
  readonly #cores: number;
  /** Running tasks. The key of a task is the `#progress` at which it ends. */
  readonly #tasks = new PriorityQueue<() => void>();
  /** Core-seconds that a task has used if it has run since the start of the simulation. */
  #progress = 0;
  #progressAt = 0;
  #plan = 0;

  constructor(timeline: Timeline, cores: number) {
    this.#timeline = timeline;
    this.#cores = cores;
  }

  /** Begins a task. `done` is called when the task has used its core-seconds. */
  run(coreSeconds: number, done: () => void): void {
    this.#advance();
    this.#tasks.add(this.#progress + coreSeconds, done);
    this.#planNext();
  }

  get #share(): number {
    return Math.min(1, this.#cores / this.#tasks.length);
  }

  #advance(): void {
    const { now } = this.#timeline;
    if (this.#tasks.length > 0) this.#progress += (now - this.#progressAt) * this.#share;
    this.#progressAt = now;
  }

  /** Plans the end of the task that ends first. When another task begins, the plan changes. */
  #planNext(): void {
    const plan = ++this.#plan;
    const end = this.#tasks.firstKey;
    if (end === undefined) return;
    this.#timeline.after(Math.max(0, end - this.#progress) / this.#share, () => {
      if (plan !== this.#plan) return;
      this.#progressAt = this.#timeline.now;
      this.#progress = end;
      const done = this.#tasks.take()!;
      this.#planNext();
      done();
    });
  }
}
