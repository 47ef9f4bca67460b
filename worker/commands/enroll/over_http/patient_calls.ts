/** Repeats requests while a service is busy or away. */

import { backoffMs } from "../../../../shared/backoff.ts";
import { type Call, type CallAnswer, NoAnswerError } from "./call.ts";

/** Number of times that a request is sent before it counts as unanswered: about two minutes. */
export const MAX_TRIES = 12;
/** A service that keeps each request waiting gets fewer tries. The last one begins within this time. */
const PATIENCE_MS = 120_000;

const BACKOFF = { firstMs: 500, maxMs: 15_000 };
const MAX_RETRY_AFTER_SECONDS = 60;

/** Time and chance. Tests give functions of their own. */
export interface Waiting {
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Waits, or rejects with the reason of the signal. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Returns a random number, 0 to 1. */
  readonly random: () => number;
}

/**
 * Returns a function that sends a request, and sends it again while the service is busy (429, 503),
 * or while it cannot be reached. All requests wait together: after one answer with `Retry-After`,
 * none is sent before that time. While the service refuses a request as one too many (429) but does
 * others, the request waits as long as it takes. Every request to a service that is made this way can
 * be repeated.
 *
 * @param send Sends a request once
 * @param waiting Time and chance
 */
export function createPatientCalls(
  send: (call: Call, signal: AbortSignal) => Promise<CallAnswer>,
  { now, sleep, random }: Waiting,
): (call: Call, signal: AbortSignal, maxTries?: number) => Promise<CallAnswer> {
  let notBefore = 0;
  /** Number of requests that the service has done. */
  let done = 0;
  /**
   * @throws {NoAnswerError} after `maxTries` tries, or when the time is over; says why the last try
   * failed
   */
  return async (call, signal, maxTries = MAX_TRIES) => {
    let begin = now();
    let doneBefore = done;
    for (let tries = 1;; tries++) {
      for (let ms; (ms = notBefore - now()) > 0;) await sleep(ms, signal);
      const answer = await send(call, signal).catch((error) => {
        if (error instanceof NoAnswerError) return error;
        throw error;
      });
      if (!(answer instanceof NoAnswerError) && !isTemporary(answer)) {
        done++;
        return answer;
      }
      if (!(answer instanceof Error) && answer.retryAfterSeconds !== undefined) {
        const seconds = Math.min(answer.retryAfterSeconds, MAX_RETRY_AFTER_SECONDS);
        notBefore = Math.max(notBefore, now() + seconds * 1000);
      }
      if (!(answer instanceof Error) && answer.status === 429 && done > doneBefore) {
        [begin, doneBefore, tries] = [now(), done, 1];
      }
      if (tries >= maxTries || now() - begin >= PATIENCE_MS) {
        throw answer instanceof Error ? answer : unanswered(answer);
      }
      await sleep(backoffMs(tries, BACKOFF, random()), signal);
    }
  };
}

/** True when the same request can succeed later. */
function isTemporary({ status, code }: CallAnswer): boolean {
  // A proxy says with 502 and 504 that it does not reach the service, and with 408 that the photo
  // came too slowly. The service has codes.
  return status === 429 || status === 503 || code === undefined && [408, 502, 504].includes(status);
}

function unanswered({ status, code, detail }: CallAnswer): NoAnswerError {
  const words = detail === "" ? "" : `: ${detail}`;
  return new NoAnswerError(
    `the answer was ${status}${code === undefined ? "" : ` ${code}`}${words}`,
  );
}
