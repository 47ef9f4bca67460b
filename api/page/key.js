import { element } from "./element.js";

/** The browser keeps this storage for the tab alone, and empties it when the tab is closed. */
const STORE = sessionStorage;
const NAME = "face-it key";

const NEEDED = "Ask the operator of the service for a key, and type or paste it here.";
const REFUSED = "The service does not accept this key. It may be misspelt, expired or taken out. " +
  "Check it, or ask the operator of the service for another one.";
const NOT_A_KEY = "A key has only Latin letters, digits and signs, and no spaces. Copy it again.";

const dialog = element("key-dialog", HTMLDialogElement);
const form = element("key-form", HTMLFormElement);
const reason = element("key-reason", HTMLElement);
const input = element("key", HTMLInputElement);
const forget = element("forget-key", HTMLButtonElement);
const note = element("key-note", HTMLElement);

/** Settled when the open dialog closes. @type {Promise<boolean> | undefined} */
let asking;

/** Returns the key that this tab keeps; undefined when it keeps none. */
export function keptKey() {
  return STORE.getItem(NAME) ?? undefined;
}

/**
 * Asks for a key, once for all requests that need one.
 *
 * @param {string | undefined} refused the key that the service has refused
 * @returns {Promise<boolean>} true when there is another key now
 */
export async function askForKey(refused) {
  const kept = keptKey();
  if (kept !== undefined && kept !== refused) return true;
  if (asking !== undefined) return await asking;
  STORE.removeItem(NAME);
  showForget();
  reason.textContent = refused === undefined ? NEEDED : REFUSED;
  input.value = "";
  asking = new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(keptKey() !== undefined), {
      once: true,
    });
  }).finally(() => asking = undefined);
  dialog.showModal();
  return await asking;
}

function showForget() {
  forget.hidden = keptKey() === undefined;
}

/** Sets up the dialog, and the button that forgets the key. */
export function setUpKey() {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    // A header can have no other characters.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      reason.textContent = NOT_A_KEY;
      input.focus();
      return;
    }
    STORE.setItem(NAME, key);
    note.textContent = "";
    showForget();
    dialog.close();
  });
  element("cancel-key", HTMLButtonElement).addEventListener(
    "click",
    () => dialog.close(),
  );
  dialog.addEventListener("close", () => input.value = "");
  forget.addEventListener("click", () => {
    STORE.removeItem(NAME);
    showForget();
    note.textContent = "The key is forgotten.";
    note.focus();
  });
  showForget();
}
