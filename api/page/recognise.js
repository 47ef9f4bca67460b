import { showBusy, showOutcome, showPicture } from "./answer.js";
import { setUpCamera } from "./camera.js";
import { element, part } from "./element.js";
import { takeChosenFiles } from "./file_input.js";
import { fitted } from "./picture.js";
import { requestAlsoWithoutKey } from "./request.js";

const form = element("form", HTMLFormElement);
const userId = element("user-id", HTMLInputElement);
const askAgain = element("ask", HTMLButtonElement);

/** @type {Blob | undefined} */
let picture;
/** Aborted when a newer request starts. */
let current = new AbortController();

/**
 * Sets up the view that recognises a face.
 *
 * @returns {import("./views.js").View}
 */
export function setUpRecognise() {
  const cameraPlace = element("recognise-camera", HTMLElement);
  const camera = setUpCamera(cameraPlace, (photo) => void look(photo));
  /** @param {readonly Blob[]} files */
  const onFiles = ([file]) => {
    camera.close();
    if (file !== undefined) void look(file);
  };
  takeChosenFiles(element("file", HTMLInputElement), onFiles);
  takeChosenFiles(part(cameraPlace, "capture", HTMLInputElement), onFiles);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (askAgain.ariaDisabled !== "true") void submit();
  });
  return {
    title: "face-it: whose face is this?",
    onHide: camera.close,
    onFiles,
  };
}

/**
 * Shows the picture and sends it.
 *
 * @param {Blob} file
 */
async function look(file) {
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
  const query = id === "" ? "" : `?${new URLSearchParams({ user_id: id })}`;
  try {
    /** @type {import("./answer.js").Answered} */
    const outcome = await requestAlsoWithoutKey(
      `authenticate${query}`,
      { method: "POST", body: picture },
      signal,
    );
    if (signal.aborted) return;
    showOutcome(outcome, id);
    if ("failure" in outcome) {
      countDown(outcome.failure.retryAfterSeconds ?? 0, signal);
    }
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
