/** A pause of a replica's claims after the API server has not accepted one. */

import { backoffMs } from "../../../shared/backoff.ts";

/** A claim that has begun. Its end must be reported to the pause. */
export interface ClaimAttempt {
  /** True for the one claim that is sent after a pause, to see whether claims are accepted again. */
  readonly isTrial: boolean;
}

/**
 * Rule for a request that needs a pod. `open`: it claims a pod. `trial`: it claims a pod if no other
 * request waits. `wait`: it waits in the queue. `refuse`: it is refused.
 */
export type ClaimState = "open" | "trial" | "wait" | "refuse";

/** The longest pause is short, so that the pool serves soon after the end of a fault. */
const BACKOFF = { firstMs: 250, maxMs: 2000 };
/** Limit for the API server's own Retry-After. */
const MAX_RETRY_AFTER_MS = 10_000;

/**
 * Pauses claims. The pause grows with each claim in a row that fails. After a pause, one claim is
 * sent alone. During the first pause requests wait, because most faults are short. During the later
 * ones they are refused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const pause = new ClaimPause({ now: () => performance.now(), random: () => 1 });
 * assertEquals(pause.failed(pause.begin(), 0), 250);
 * assertEquals(pause.state, "wait");
 * pause.ended();
 * assertEquals(pause.state, "trial");
 * const trial = pause.begin();
 * assertEquals(pause.state, "wait");
 * assertEquals(pause.failed(trial, 0), 500);
 * assertEquals(pause.state, "refuse");
 * ```
 */
export class ClaimPause {
  readonly #now: () => number;
  readonly #random: () => number;
  #failures = 0;
  #isPaused = false;
  #until = -Infinity;
  #isTrying = false;

  /**
   * Starts without a pause.
   *
   * @param services `now` returns milliseconds of a monotonic clock, `random` a number from 0 to 1
   */
  constructor({ now, random }: { readonly now: () => number; readonly random: () => number }) {
    this.#now = now;
    this.#random = random;
  }

  /** Rule for a request that needs a pod now. */
  get state(): ClaimState {
    if (this.#failures === 0) return "open";
    if (!this.#isPaused) return this.#isTrying ? "wait" : "trial";
    return this.#failures === 1 ? "wait" : "refuse";
  }

  /** True when a claim may begin. */
  get allowsClaim(): boolean {
    return this.state === "open" || this.state === "trial";
  }

  /** Milliseconds until the pause is expected to end; 0 without a pause. */
  get remainingMs(): number {
    return this.#isPaused ? Math.max(0, this.#until - this.#now()) : 0;
  }

  /** Number of pauses in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Begins a claim. Only when {@linkcode ClaimPause.allowsClaim} is true. */
  begin(): ClaimAttempt {
    const isTrial = this.#failures > 0;
    if (isTrial) this.#isTrying = true;
    return { isTrial };
  }

  /** Ends all pauses, because claims are accepted: the API server gave the pod to this replica or to another one. */
  succeeded(): void {
    this.#failures = 0;
    this.#isPaused = false;
    this.#isTrying = false;
  }

  /** Ends a claim that was not sent. */
  abandoned({ isTrial }: ClaimAttempt): void {
    if (isTrial) this.#isTrying = false;
  }

  /**
   * Begins a pause, which lasts until {@linkcode ClaimPause.ended} is called. A claim that was sent
   * before this pause began does not begin another one.
   *
   * @param retryAfterMs The least length of the pause, from the API server's answer
   * @returns Length of the new pause in milliseconds, or undefined when none began
   */
  failed(attempt: ClaimAttempt, retryAfterMs: number): number | undefined {
    this.abandoned(attempt);
    if (!attempt.isTrial && this.#failures > 0) return undefined;
    this.#failures++;
    this.#isPaused = true;
    const least = Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
    const pauseMs = Math.max(backoffMs(this.#failures, BACKOFF, this.#random()), least);
    this.#until = this.#now() + pauseMs;
    return pauseMs;
  }

  /** Ends the pause. One claim may now be sent. */
  ended(): void {
    this.#isPaused = false;
  }
}
