/** @import { Failure } from "./request.js" */
import { element } from "./element.js";
import { keepLastAnswer } from "./last_answer.js";
import { getModels } from "./users.js";

const askModels = keepLastAnswer(getModels);

/**
 * Shows in a view that the operator enrols people, when that is so.
 *
 * @param {"enrol" | "people"} view
 * @returns {Promise<{ isStatic: boolean, model: string | undefined, refusal: Failure | undefined, unknown: Failure | undefined, requiresConsent: boolean }>}
 *   model: sha256 of the recognition model in use; undefined when the service does not tell it.
 *   refusal: tells that a key is needed, after the reader has given none.
 *   unknown: tells why nothing is known about the service; undefined when it has ever told it
 */
export async function showWhenStatic(view) {
  const { answer, failure } = await askModels();
  // Only a service without a gallery of its own does not count its templates.
  const isStatic = answer?.templates === null;
  element(`${view}-content`, HTMLElement).hidden = isStatic;
  element(`${view}-static`, HTMLElement).hidden = !isStatic;
  return {
    isStatic,
    model: answer?.models.find(({ use }) => use === "recognition")?.sha256,
    requiresConsent: answer?.requires_consent === true,
    refusal: failure?.code === "unauthorized" ? failure : undefined,
    unknown: answer === undefined ? failure : undefined,
  };
}
