/** Simulates replicas that claim pods without asking each other. */

import {
  type Choose,
  PATCH_SECONDS,
  type Pod,
  REPLICAS,
  WATCH_SECONDS,
} from "./candidate_choice.ts";
import { Random } from "./random.ts";
import { Timeline } from "./timeline.ts";

/** Seconds from a claim until another pod is Ready. */
const REFILL_SECONDS = 1;
/** Number of requests. It is the same for each pool size, so that all figures are equally exact. */
const REQUESTS = 20_000;
/** Largest number of requests that can wait in a replica. */
const QUEUE_LIMIT = 64;

/** The outcome of one way of choosing a pod. */
export interface ChoiceOutcome {
  /** Number of lost claims ÷ number of won claims. */
  readonly lostPerClaim: number;
  /** Median of the seconds from a request's arrival to its claim. */
  readonly waitP50: number;
  /** 99th percentile of the seconds from a request's arrival to its claim. */
  readonly waitP99: number;
}

/**
 * Simulates a pool of `pods` pods.
 *
 * @param load Requests per second ÷ pods that can be replaced per second
 */
export function simulateChoice(choose: Choose, pods: number, load: number): ChoiceOutcome {
  const requestsPerSecond = load * pods / (REFILL_SECONDS + WATCH_SECONDS);
  const cluster = new Cluster(choose);
  for (let i = 0; i < pods; i++) cluster.addPod();
  cluster.planArrivals(REPLICAS / requestsPerSecond);
  return cluster.run(REQUESTS / requestsPerSecond);
}

interface Replica {
  readonly id: number;
  /** Free pods that the replica sees, in the order of their events. */
  readonly free: Set<Pod>;
  /** Times at which the waiting requests arrived. */
  readonly waiting: number[];
}

class Cluster {
  readonly #choose: Choose;
  readonly #random = new Random(1);
  readonly #timeline = new Timeline();
  readonly #replicas = Array.from(
    { length: REPLICAS },
    (_, id): Replica => ({ id, free: new Set(), waiting: [] }),
  );
  readonly #waitSeconds: number[] = [];
  #added = 0;
  #lost = 0;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  /** Adds a free pod. Each replica sees it a little later. */
  addPod(): void {
    const pod = { id: this.#added++, isClaimed: false };
    for (const replica of this.#replicas) {
      this.#after(WATCH_SECONDS, () => {
        if (pod.isClaimed) return;
        replica.free.add(pod);
        this.#serve(replica);
      });
    }
  }

  /** Plans requests at every replica. They arrive independently of each other. */
  planArrivals(meanSeconds: number): void {
    const planNext = (replica: Replica) => {
      this.#timeline.after(this.#random.exponential(meanSeconds), () => {
        // A real replica refuses a request that finds the queue full.
        if (replica.waiting.length < QUEUE_LIMIT) replica.waiting.push(this.#timeline.now);
        this.#serve(replica);
        planNext(replica);
      });
    };
    this.#replicas.forEach(planNext);
  }

  run(seconds: number): ChoiceOutcome {
    this.#timeline.run(seconds);
    const waits = this.#waitSeconds.toSorted((a, b) => a - b);
    const quantile = (share: number) => waits[Math.floor(share * waits.length)]!;
    return {
      lostPerClaim: this.#lost / waits.length,
      waitP50: quantile(0.5),
      waitP99: quantile(0.99),
    };
  }

  #serve(replica: Replica): void {
    while (replica.free.size > 0 && replica.waiting.length > 0) {
      const { pod, delaySeconds } = this.#choose(replica.id, [...replica.free], this.#random);
      const arrivedAt = replica.waiting.shift()!;
      replica.free.delete(pod);
      this.#timeline.after(delaySeconds, () => {
        // During the delay, the replica has seen the claims of the other replicas.
        if (delaySeconds > 0 && pod.isClaimed) this.#tryAnother(replica, arrivedAt);
        else this.#claim(replica, pod, arrivedAt);
      });
    }
  }

  /** Sends a claim. Half of its time is before the API server decides it, and half is after. */
  #claim(replica: Replica, pod: Pod, arrivedAt: number): void {
    this.#after(PATCH_SECONDS / 2, () => {
      const isWon = !pod.isClaimed;
      pod.isClaimed = true;
      if (isWon) this.#replace(pod);
      this.#after(PATCH_SECONDS / 2, () => {
        if (isWon) {
          this.#waitSeconds.push(this.#timeline.now - arrivedAt);
        } else {
          this.#lost++;
          this.#tryAnother(replica, arrivedAt);
        }
      });
    });
  }

  #replace(pod: Pod): void {
    this.#timeline.after(REFILL_SECONDS, () => this.addPod());
    for (const { free } of this.#replicas) this.#after(WATCH_SECONDS, () => free.delete(pod));
  }

  #tryAnother(replica: Replica, arrivedAt: number): void {
    replica.waiting.unshift(arrivedAt);
    this.#serve(replica);
  }

  /** Plans an action after a random time between 0.5 and 1.5 times `seconds`. */
  #after(seconds: number, action: () => void): void {
    this.#timeline.after(seconds * (0.5 + this.#random.uniform()), action);
  }
}
