/** @import { Person } from "./new_person.js" */
import { element } from "./element.js";
import { makeUserId } from "./user_id.js";

const nameInput = element("name", HTMLInputElement);
const idInput = element("new-user-id", HTMLInputElement);
const idHint = element("new-user-id-hint", HTMLElement);
const consentInput = element("consent-ref", HTMLInputElement);
const consent = element("consent", HTMLElement);
const another = element("another-person", HTMLButtonElement);

/** True while the fields show a person who exists. */
let isFixed = false;
/** True when the service enrols nobody without a consent reference. */
let isConsentNeeded = false;

/** Returns what is typed, "" for a field without text. */
export const typed = () => ({
  name: nameInput.value.trim(),
  userId: idInput.value.trim(),
  consentRef: isConsentNeeded ? consentInput.value.trim() : "",
});

/**
 * Shows the field for the consent reference when it is needed.
 *
 * @param {boolean} isNeeded
 */
export function setConsentNeeded(isNeeded) {
  isConsentNeeded = isNeeded;
  update();
}

/**
 * Fills the fields. Nobody can change the fields of a person who exists.
 *
 * @param {Person | undefined} person undefined to empty the fields for a new person
 */
export function showPerson(person) {
  isFixed = person !== undefined;
  nameInput.value = person?.name ?? "";
  idInput.value = person?.userId ?? "";
  consentInput.value = "";
  nameInput.readOnly = idInput.readOnly = isFixed;
  another.hidden = !isFixed;
  update();
}

/** Returns false, and tells what is missing, when no person can be made of the fields. */
export function isComplete() {
  const { name, userId, consentRef } = typed();
  nameInput.setCustomValidity(name === "" ? "First type the person's name." : "");
  // In the address of a user, a browser takes these two for steps to another address.
  const isStep = userId === "." || userId === "..";
  idInput.setCustomValidity(isStep ? "This cannot be a user ID. Type another one." : "");
  const isMissing = isConsentNeeded && !isFixed && consentRef === "";
  consentInput.setCustomValidity(isMissing ? "First type the reference to the consent." : "");
  return nameInput.reportValidity() && idInput.reportValidity() && consentInput.reportValidity();
}

export const focusName = () => nameInput.focus();
export const focusUserId = () => idInput.focus();

/**
 * Sets up the fields.
 *
 * @param {{ onAnother: () => void, onEnter: () => void }} actions
 *   `onEnter` is called for the key Enter, when the fields are complete
 */
export function setUpPersonForm({ onAnother, onEnter }) {
  for (const input of [nameInput, idInput, consentInput]) {
    input.addEventListener("input", update);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      // Without this line, the same key would also press the button.
      event.preventDefault();
      if (isComplete()) onEnter();
    });
  }
  another.addEventListener("click", onAnother);
}

function update() {
  const { name } = typed();
  for (const input of [nameInput, idInput, consentInput]) input.setCustomValidity("");
  // The consent of a person who exists is stored with the person.
  consent.hidden = !isConsentNeeded || isFixed;
  idHint.textContent = isFixed
    ? "The name and the user ID of an enrolled person stay as they are."
    : name === ""
    ? "Applications know the person by the user ID. Without one, the page makes it of the name."
    : `Without one, the user ID is ${makeUserId(name)}.`;
}
