import { element } from "./element.js";
import { line } from "./make.js";

const dialog = element("confirm-dialog", HTMLDialogElement);
const text = element("confirm-text", HTMLElement);
const yes = element("confirm-yes", HTMLButtonElement);
const no = element("confirm-no", HTMLButtonElement);

/**
 * Asks before something is deleted. Enter and Escape delete nothing.
 *
 * @param {string} question names the person
 * @param {string} consequence
 * @param {string} answer text of the button that deletes
 * @returns {Promise<boolean>} true to delete
 */
export async function confirmDeletion(question, consequence, answer) {
  element("confirm-heading", HTMLElement).replaceChildren(line(question, "clamp", "span"));
  text.replaceChildren(line(consequence));
  yes.replaceChildren(line(answer, "clamp", "span"));
  dialog.returnValue = "";
  dialog.showModal();
  no.focus();
  return await new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => resolve(dialog.returnValue === "yes"),
      { once: true },
    );
  });
}

/** Sets up the buttons of the dialog. */
export function setUpConfirm() {
  yes.addEventListener("click", () => dialog.close("yes"));
  no.addEventListener("click", () => dialog.close(""));
}
