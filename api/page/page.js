import { showBusy, showOutcome, showPicture } from "./answer.js";
import { ask } from "./ask.js";
import { setUpCamera } from "./camera.js";
import { element } from "./element.js";
import { fitted } from "./picture.js";

const form = element("form", HTMLFormElement);
const drop = element("drop", HTMLElement);
const userId = element("user-id", HTMLInputElement);
const askAgain = element("ask", HTMLButtonElement);
const camera = setUpCamera(look);

/** @type {Blob | undefined} */
let picture;
/** Aborted when a newer request starts. */
let current = new AbortController();

/**
 * Shows the picture and sends it.
 *
 * @param {Blob | undefined} file
 */
async function look(file) {
  if (file === undefined) return;
  camera.close();
  const signal = supersede();
  picture = undefined;
  showBusy();
  const fitting = await fitted(file);
  if (signal.aborted) return;
  await showPicture(fitting);
  if (signal.aborted) return;
  picture = fitting;
  await submit();
}

async function submit() {
  if (picture === undefined) return;
  const signal = supersede();
  const id = userId.value.trim();
  showBusy();
  askAgain.hidden = false;
  try {
    const outcome = await ask(picture, id, signal);
    showOutcome(outcome, id);
    if ("failure" in outcome) countDown(outcome.failure.retryAfterSeconds ?? 0, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Aborts the current request, and returns the signal for the next one. */
function supersede() {
  current.abort();
  current = new AbortController();
  countDown(0, current.signal);
  return current.signal;
}

/**
 * Disables the button for the seconds that the service asked the client to wait.
 *
 * @param {number} seconds
 * @param {AbortSignal} signal
 */
function countDown(seconds, signal) {
  if (signal.aborted) return;
  askAgain.ariaDisabled = String(seconds > 0);
  askAgain.textContent = seconds > 0 ? `Ask again in ${seconds} s` : "Ask again";
  if (seconds > 0) setTimeout(() => countDown(seconds - 1, signal), 1000);
}

for (const input of [element("file", HTMLInputElement), element("capture", HTMLInputElement)]) {
  input.addEventListener("change", () => {
    void look(input.files?.[0]);
    // Without this line, there is no event when the user chooses the same file again.
    input.value = "";
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (askAgain.ariaDisabled !== "true") void submit();
});

// When a picture is dropped next to the box, the browser must not open it in place of the page.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  void look(event.dataTransfer?.files[0]);
});
document.addEventListener("paste", (event) => void look(event.clipboardData?.files[0]));
