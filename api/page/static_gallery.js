import { element } from "./element.js";
import { getModels } from "./users.js";

/**
 * Shows in a view that the operator enrols people, when that is so. Returns false then.
 *
 * @param {"enrol" | "people"} view
 * @returns {Promise<boolean>}
 */
export async function showWhenStatic(view) {
  const outcome = await getModels();
  // Only a service without a gallery of its own does not count its templates.
  const isStatic = "answer" in outcome && outcome.answer.templates === null;
  element(`${view}-content`, HTMLElement).hidden = isStatic;
  element(`${view}-static`, HTMLElement).hidden = !isStatic;
  return !isStatic;
}
