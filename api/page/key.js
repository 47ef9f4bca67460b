import { element } from "./element.js";

const NAME = "face-it key";
/** The key of a browser that stores nothing, until the page is left. @type {string | undefined} */
let unstored;

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
  return unstored ?? storage()?.getItem(NAME) ?? undefined;
}

/**
 * Keeps a key, or forgets it.
 *
 * @param {string | undefined} key
 */
function keep(key) {
  const store = storage();
  if (store === undefined) unstored = key;
  else if (key === undefined) store.removeItem(NAME);
  else store.setItem(NAME, key);
  forget.hidden = key === undefined;
}

/**
 * Returns the storage that the browser keeps for the tab alone, and empties when the tab is closed.
 * Returns undefined when the browser's settings forbid it.
 */
function storage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
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
  keep(undefined);
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

/**
 * Sets up the dialog, and the button that forgets the key.
 *
 * @param {() => void} onForget
 */
export function setUpKey(onForget) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    // A header can have no other characters.
    if (!/^[\x21-\x7e]+$/.test(key)) {
      reason.textContent = NOT_A_KEY;
      input.focus();
      return;
    }
    keep(key);
    note.textContent = "";
    dialog.close();
  });
  element("cancel-key", HTMLButtonElement).addEventListener(
    "click",
    () => dialog.close(),
  );
  dialog.addEventListener("close", () => input.value = "");
  forget.addEventListener("click", () => {
    keep(undefined);
    onForget();
    note.textContent = "The key is forgotten.";
    note.focus();
  });
  forget.hidden = keptKey() === undefined;
}
