/** @import { Failure, Outcome } from "./request.js" */

/**
 * Makes a function that asks like `ask`, and keeps the last answer: a later question that fails does
 * not make the page forget it.
 *
 * @template T
 * @param {() => Promise<Outcome<T>>} ask
 * @returns {() => Promise<{ answer: T | undefined, failure: Failure | undefined }>}
 *   answer: the last one, undefined when there was none. failure: of this question
 */
export function keepLastAnswer(ask) {
  /** @type {T | undefined} */
  let answer;
  return async () => {
    const outcome = await ask();
    if ("answer" in outcome) answer = outcome.answer;
    return { answer, failure: "failure" in outcome ? outcome.failure : undefined };
  };
}
