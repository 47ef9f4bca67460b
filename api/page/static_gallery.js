/** @import { Failure } from "./request.js" */
import { element } from "./element.js";
import { getModels } from "./users.js";

/**
 * Shows in a view that the operator enrols people, when that is so.
 *
 * @param {"enrol" | "people"} view
 * @returns {Promise<{ isStatic: boolean, model: string | undefined, refusal: Failure | undefined, requiresConsent: boolean }>}
 *   model: sha256 of the recognition model in use; undefined when the service does not tell it.
 *   refusal: tells that a key is needed, after the reader has given none
 */
export async function showWhenStatic(view) {
  const outcome = await getModels();
  // Only a service without a gallery of its own does not count its templates.
  const isStatic = "answer" in outcome && outcome.answer.templates === null;
  element(`${view}-content`, HTMLElement).hidden = isStatic;
  element(`${view}-static`, HTMLElement).hidden = !isStatic;
  const models = "answer" in outcome ? outcome.answer.models : [];
  const isRefused = "failure" in outcome && outcome.failure.code === "unauthorized";
  return {
    isStatic,
    model: models.find(({ use }) => use === "recognition")?.sha256,
    requiresConsent: "answer" in outcome && outcome.answer.requires_consent === true,
    refusal: isRefused ? outcome.failure : undefined,
  };
}
