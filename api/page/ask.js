/** @import { AuthenticateAnswer, ProblemBody } from "../../shared/contract/contract.ts" */
import { EXPLANATIONS } from "./explanations.js";

/** Longer than the slowest response of the service. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * @typedef {object} Failure
 * @property {string} title
 * @property {string} explanation
 * @property {string} [reference] Error code and request ID, to look up in the docs and the log
 * @property {number} [retryAfterSeconds] Seconds before a retry can succeed
 *
 * @typedef {{ answer: AuthenticateAnswer } | { failure: Failure }} Outcome
 */

/**
 * Sends the picture to the service.
 *
 * @param {Blob} picture
 * @param {string} userId "" to search all users
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
      // The service finds the format by the bytes, not by this header.
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
        explanation:
          "Check that the service is running and that you are connected. Then try again.",
      },
    };
  }
}

/**
 * @param {Response} response
 * @param {string} text the body
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
    // Something between the page and the service, such as a proxy, sent this response.
    return {
      title: "The service is not available",
      explanation:
        `A server between this page and the service sent the status ${response.status}. Try again later.`,
      ...waiting,
    };
  }
}
