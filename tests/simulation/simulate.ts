/** Simulates a pool on Kubernetes under load, without a cluster. */

import { QUEUE_SHARE } from "../../api/recognition/admission.ts";
import { planArrivals } from "./arrivals.ts";
import { Random } from "./random.ts";
import { RateLimit } from "./rate_limit.ts";
import { ReplicaSet } from "./replica_set.ts";
import type { Scenario } from "./scenario.ts";
import { SharedCores } from "./shared_cores.ts";
import { Timeline } from "./timeline.ts";

/** The outcome of a request. */
export interface Decision {
  /** Place in the order of arrival, from 0. */
  readonly request: number;
  /** "refused": the queue was full. "late": the answer did not come in time. */
  readonly outcome: "answered" | "refused" | "late";
  /** Seconds that the request waited for its worker; undefined when it never got one. */
  readonly waitSeconds: number | undefined;
  /** Time at which the request got its worker; undefined when it never got one. */
  readonly claimedAt: number | undefined;
}

/** The outcome of a simulation. */
export interface Simulated {
  /** One decision for each request, in the order of the decisions. */
  readonly decisions: readonly Decision[];
  /** Seconds from each claim of a pod until another pod is Ready in its place. */
  readonly refillSeconds: readonly number[];
  /** Number of pods that are claimed and not yet replaced, averaged over time. */
  readonly meanMissing: number;
  /** Free pods at the end. */
  readonly freeAtEnd: number;
}

/** Runs a scenario until the last request is decided and the last pod is replaced. */
export function simulate(scenario: Scenario): Simulated {
  const timeline = new Timeline();
  const pool = new Pool(scenario, timeline);
  planArrivals(scenario, timeline, () => pool.arrive());
  timeline.run();
  return pool.result();
}

interface Request {
  readonly request: number;
  readonly arrivedAt: number;
}

interface Worker {
  readonly claimedAt: number;
  served: number;
}

class Pool {
  readonly #scenario: Scenario;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #cores: SharedCores;
  readonly #scheduler: RateLimit;
  readonly #replicaSet: ReplicaSet;
  /** Requests that wait, in the order of arrival. */
  readonly #waiting = new Set<Request>();
  /** Kept workers: they have served and can serve again. */
  readonly #kept: Worker[] = [];
  /** Times of the claims that wait for the creation of another pod. */
  readonly #unreplaced: number[] = [];
  readonly #decisions: Decision[] = [];
  readonly #refillSeconds: number[] = [];
  #arrived = 0;
  #free: number;
  #missingSeconds = 0;
  #missingSince = 0;

  constructor(scenario: Scenario, timeline: Timeline) {
    this.#scenario = scenario;
    this.#timeline = timeline;
    this.#random = new Random(scenario.seed + 1);
    this.#cores = new SharedCores(timeline, scenario.cores);
    this.#scheduler = new RateLimit(scenario.scheduler);
    const controller = new RateLimit(scenario.controller);
    this.#replicaSet = new ReplicaSet(timeline, controller, () => this.#startPod());
    this.#free = scenario.poolSize;
  }

  arrive(): void {
    const { queueLimit, timeoutSeconds } = this.#scenario;
    const request = { request: this.#arrived++, arrivedAt: this.#timeline.now };
    const worker = this.#takeWorker();
    if (worker !== undefined) {
      this.#serve(worker, request);
    } else if (this.#waiting.size >= queueLimit) {
      this.#decide(request, "refused");
    } else {
      this.#waiting.add(request);
      this.#timeline.after(timeoutSeconds * QUEUE_SHARE, () => {
        if (this.#waiting.delete(request)) this.#decide(request, "late");
      });
    }
  }

  result(): Simulated {
    return {
      decisions: this.#decisions,
      refillSeconds: this.#refillSeconds,
      meanMissing: this.#missingSeconds / this.#timeline.now,
      freeAtEnd: this.#free,
    };
  }

  /** Takes a kept worker if there is one, and a free pod otherwise. The real pool does the same. */
  #takeWorker(): Worker | undefined {
    const { now } = this.#timeline;
    while (this.#kept.length > 0) {
      const worker = this.#kept.shift()!;
      if (now - worker.claimedAt < this.#scenario.leaseMaxSeconds) return worker;
    }
    if (this.#free === 0) return undefined;
    this.#changeFree(-1);
    this.#unreplaced.push(now);
    this.#replicaSet.podLeft();
    return { claimedAt: now, served: 0 };
  }

  #serve(worker: Worker, request: Request): void {
    const { requestCoreSeconds, requestsPerWorker, timeoutSeconds } = this.#scenario;
    const claimedAt = this.#timeline.now;
    worker.served++;
    this.#cores.run(requestCoreSeconds, () => {
      const inTime = this.#timeline.now - request.arrivedAt <= timeoutSeconds;
      this.#decide(request, inTime ? "answered" : "late", claimedAt);
      if (worker.served >= requestsPerWorker) return;
      this.#kept.push(worker);
      this.#serveNext();
    });
  }

  #serveNext(): void {
    const [request] = this.#waiting;
    if (request === undefined) return;
    const worker = this.#takeWorker();
    if (worker === undefined) return;
    this.#waiting.delete(request);
    this.#serve(worker, request);
  }

  #startPod(): void {
    const { startSeconds, startSigma, startCoreSeconds } = this.#scenario;
    const claimedAt = this.#unreplaced.shift()!;
    const boundAfter = this.#scheduler.take(this.#timeline.now);
    this.#timeline.after(boundAfter + this.#random.logNormal(startSeconds, startSigma), () => {
      this.#cores.run(startCoreSeconds, () => {
        this.#refillSeconds.push(this.#timeline.now - claimedAt);
        this.#changeFree(1);
        this.#replicaSet.podChanged();
        this.#serveNext();
      });
    });
  }

  #changeFree(by: number): void {
    const { now } = this.#timeline;
    this.#missingSeconds += (this.#scenario.poolSize - this.#free) * (now - this.#missingSince);
    this.#missingSince = now;
    this.#free += by;
  }

  #decide({ request, arrivedAt }: Request, outcome: Decision["outcome"], claimedAt?: number) {
    const waitSeconds = claimedAt === undefined ? undefined : claimedAt - arrivedAt;
    this.#decisions.push({ request, outcome, waitSeconds, claimedAt });
  }
}
