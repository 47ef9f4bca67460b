/** @import { ProblemBody } from "../../shared/contract/contract.ts" */
import { EXPLANATIONS } from "./explanations.js";
import { askForKey, keptKey } from "./key.js";

/** Longer than the slowest response of the service. */
const ANSWER_TIMEOUT_MS = 60_000;

/**
 * @typedef {object} Failure
 * @property {string} title
 * @property {string} explanation
 * @property {string} [code] Error code; missing when the service did not answer
 * @property {string} [reference] Error code and request ID, to look up in the docs and the log
 * @property {number} [retryAfterSeconds] Seconds before a retry can succeed
 * @property {boolean} canRetry True when the same request can succeed later
 */

/**
 * @template T
 * @typedef {{ answer: T, status: number } | { failure: Failure }} Outcome
 */

/**
 * @typedef {object} RequestOptions
 * @property {string} [method] GET by default
 * @property {Blob | object} [body] a body that is no Blob is sent as JSON
 * @property {boolean} [onlyNew] true to create something, and to replace nothing
 */

/**
 * Sends a request to the service, with the key that the page keeps. When the service needs another
 * key, the page asks for it and sends the request again.
 *
 * @template T
 * @param {string} path
 * @param {RequestOptions} init
 * @param {AbortSignal} [signal]
 * @returns {Promise<Outcome<T>>}
 * @throws the signal's reason
 */
export async function request(path, init = {}, signal) {
  while (true) {
    const key = keptKey();
    const outcome = await send(path, init, key, signal);
    if (!("failure" in outcome) || outcome.failure.code !== "unauthorized") return outcome;
    if (await askForKey(key)) continue;
    // The service may answer without a key what it does not answer with a wrong one.
    return key === undefined ? outcome : await send(path, init, undefined, signal);
  }
}

/**
 * Sends a request as {@linkcode request} does. When the key may not do this, the request is sent
 * again without the key: some services recognise faces for everybody.
 *
 * @template T
 * @param {string} path
 * @param {RequestOptions} init
 * @param {AbortSignal} signal
 * @returns {Promise<Outcome<T> & { withoutKey?: true }>}
 * @throws the signal's reason
 */
export async function requestAlsoWithoutKey(path, init, signal) {
  const outcome = await request(path, init, signal);
  if (!isRefused(outcome) || keptKey() === undefined) return outcome;
  const second = await send(path, init, undefined, signal);
  return isRefused(second) ? outcome : { ...second, withoutKey: true };
}

/** @param {Outcome<any>} outcome */
function isRefused(outcome) {
  return "failure" in outcome &&
    (outcome.failure.code === "unauthorized" || outcome.failure.code === "forbidden_scope");
}

/**
 * @param {string} path
 * @param {RequestOptions} init
 * @param {string | undefined} key
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Outcome<any>>}
 */
async function send(path, { method = "GET", body, onlyNew = false }, key, signal) {
  const tooLate = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const isPicture = body instanceof Blob;
  /** @type {Record<string, string>} */
  const headers = {};
  if (onlyNew) headers["If-None-Match"] = "*";
  if (key !== undefined) headers["Authorization"] = `Bearer ${key}`;
  // The service finds the format of a picture by the bytes, not by this header.
  if (isPicture) headers["Content-Type"] = "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers,
      ...body !== undefined &&
        { body: isPicture ? body : JSON.stringify(body) },
      signal: AbortSignal.any(
        signal === undefined ? [tooLate] : [signal, tooLate],
      ),
    });
    const text = await response.text();
    if (!response.ok) return { failure: readFailure(response, text) };
    return {
      answer: text === "" ? undefined : JSON.parse(text),
      status: response.status,
    };
  } catch {
    signal?.throwIfAborted();
    return {
      failure: {
        title: tooLate.aborted ? "No answer" : "The service was not reached",
        explanation:
          "Check that the service is running and that you are connected. Then try again.",
        canRetry: true,
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
  const { status } = response;
  const retryAfterSeconds = Number(response.headers.get("Retry-After"));
  const common = {
    canRetry: [401, 408, 429].includes(status) || status >= 500,
    ...retryAfterSeconds > 0 && { retryAfterSeconds },
  };
  try {
    /** @type {ProblemBody} */
    const { title, detail, code, request_id } = JSON.parse(text);
    /** @type {Readonly<Record<string, string>>} */
    const explanations = EXPLANATIONS;
    const explanation = explanations[code] ?? detail;
    return {
      title,
      // Only the detail names the scope.
      explanation: code === "forbidden_scope" ? `${detail}. ${explanation}` : explanation,
      code,
      reference: `${code}, request ${request_id}`,
      ...common,
    };
  } catch {
    // Something between the page and the service, such as a proxy, sent this response.
    return {
      title: "The service is not available",
      explanation:
        `A server between this page and the service sent the status ${status}. Try again later.`,
      ...common,
    };
  }
}
