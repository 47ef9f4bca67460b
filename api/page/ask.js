/** @import { AuthenticateAnswer, ProblemBody } from "../../shared/contract/contract.ts" */
import { EXPLANATIONS } from "./explanations.js";

/** More than the service takes at its slowest. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * @typedef {object} Failure
 * @property {string} title
 * @property {string} explanation
 * @property {string} [reference] Names it in the documentation and the log
 * @property {number} [retryAfterSeconds] Before that the service would only refuse again
 *
 * @typedef {{ answer: AuthenticateAnswer } | { failure: Failure }} Outcome
 */

/**
 * Asks the service whose face is in the picture.
 *
 * @param {Blob} picture
 * @param {string} userId "" asks for anybody
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 * @throws the signal's reason
 */
export async function ask(picture, userId, signal) {
  const query = userId === "" ? "" : `?${new URLSearchParams({ user_id: userId })}`;
  const tooLate = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(`authenticate${query}`, {
      method: "POST",
      // Whatever the file calls itself: the service looks at its bytes.
      headers: { "Content-Type": "application/octet-stream" },
      body: picture,
      signal: AbortSignal.any([signal, tooLate]),
    });
    const text = await response.text();
    return response.ok ? { answer: JSON.parse(text) } : { failure: readFailure(response, text) };
  } catch {
    signal.throwIfAborted();
    return {
      failure: {
        title: tooLate.aborted ? "No answer" : "The service was not reached",
        explanation: "Is it running, and are you connected? Then try again.",
      },
    };
  }
}

/**
 * @param {Response} response
 * @param {string} text its body
 * @returns {Failure}
 */
function readFailure(response, text) {
  const retryAfterSeconds = Number(response.headers.get("Retry-After"));
  const waiting = retryAfterSeconds > 0 ? { retryAfterSeconds } : {};
  try {
    /** @type {ProblemBody} */
    const { title, detail, code, request_id } = JSON.parse(text);
    /** @type {Readonly<Record<string, string>>} */
    const explanations = EXPLANATIONS;
    return {
      title,
      explanation: explanations[code] ?? detail,
      reference: `${code}, request ${request_id}`,
      ...waiting,
    };
  } catch {
    // Something between here and the service answered in its place.
    return {
      title: "The service is not available",
      explanation: `What answered in its place said ${response.status}. Try again later.`,
      ...waiting,
    };
  }
}
