/** @import { AuthenticateAnswer } from "../../shared/contract/contract.ts" */
/** @import { Failure, Outcome } from "./ask.js" */
import { element } from "./element.js";

const region = element("answer", HTMLElement);
const shown = element("shown", HTMLElement);
const preview = element("preview", HTMLImageElement);
const overlay = element("overlay", SVGElement);

/**
 * Shows the picture that is sent. A picture that the browser cannot decode is not shown.
 *
 * @param {Blob} picture
 */
export async function showPicture(picture) {
  URL.revokeObjectURL(preview.src);
  shown.hidden = true;
  preview.src = URL.createObjectURL(picture);
  try {
    await preview.decode();
  } catch {
    // The picture cannot be decoded, or a newer one has replaced it.
    return;
  }
  overlay.setAttribute("viewBox", `0 0 ${preview.naturalWidth} ${preview.naturalHeight}`);
  shown.hidden = false;
}

/** Shows that the page waits for an answer. Removes the earlier answer. */
export function showBusy() {
  drawBox();
  region.replaceChildren(line("Looking…", "verdict busy"));
}

/**
 * @param {Outcome} outcome
 * @param {string} userId the user ID of the request, "" for none
 */
export function showOutcome(outcome, userId) {
  if ("answer" in outcome) showAnswer(outcome.answer, userId);
  else showFailure(outcome.failure);
  region.scrollIntoView({ block: "nearest" });
}

/**
 * @param {AuthenticateAnswer} answer
 * @param {string} userId
 */
function showAnswer(answer, userId) {
  drawBox(answer.face.box);
  if (answer.matched) {
    region.replaceChildren(
      line(`This is ${answer.user_name}`, "verdict matched"),
      list([
        ["User ID", answer.user_id],
        ["Confidence", answer.confidence.toFixed(4)],
        ["Similarity", answer.similarity.toFixed(4)],
        ["Time", `${answer.duration_ms} ms`],
      ]),
    );
  } else {
    region.replaceChildren(
      line(userId === "" ? "Not recognised" : `Not recognised as ${userId}`, "verdict"),
      line("A face was found, but it does not match."),
      list([["Time", `${answer.duration_ms} ms`]]),
    );
  }
}

/** @param {Failure} failure */
function showFailure({ title, explanation, reference }) {
  region.replaceChildren(line(title, "verdict failed"), line(explanation));
  if (reference !== undefined) region.append(line(reference, "reference"));
}

/**
 * Draws the box of the face over the picture. Without an argument, removes the box.
 *
 * @param {readonly [number, number, number, number]} box
 *   x, y, width and height in pixels of the upright picture; the browser shows pictures upright
 */
function drawBox(box = [0, 0, 0, 0]) {
  for (const rect of overlay.querySelectorAll("rect")) {
    for (const [i, name] of ["x", "y", "width", "height"].entries()) {
      rect.setAttribute(name, String(box[i]));
    }
  }
}

/**
 * @param {string} content
 * @param {string} className
 * @param {"p" | "dt" | "dd"} tag
 */
function line(content, className = "", tag = "p") {
  const made = document.createElement(tag);
  made.textContent = content;
  made.className = className;
  return made;
}

/** @param {readonly [string, string][]} entries */
function list(entries) {
  const made = document.createElement("dl");
  for (const [term, value] of entries) made.append(line(term, "", "dt"), line(value, "", "dd"));
  return made;
}
