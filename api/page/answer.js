/** @import { AuthenticateAnswer } from "../../shared/contract/contract.ts" */
/** @import { Outcome } from "./request.js" */
import { element } from "./element.js";
import { failureLines, line, list } from "./make.js";

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
  overlay.setAttribute(
    "viewBox",
    `0 0 ${preview.naturalWidth} ${preview.naturalHeight}`,
  );
  shown.hidden = false;
}

/** Shows that the page waits for an answer. Removes the earlier answer. */
export function showBusy() {
  drawBox();
  region.replaceChildren(line("Looking…", "verdict busy"));
}

/** @typedef {Outcome<AuthenticateAnswer> & { withoutKey?: true }} Answered */

/**
 * @param {Answered} outcome
 * @param {string} userId the user ID of the request, "" for none
 */
export function showOutcome(outcome, userId) {
  if ("answer" in outcome) showAnswer(outcome.answer, userId);
  else region.replaceChildren(...failureLines(outcome.failure));
  if (outcome.withoutKey) {
    const text = "The key may not recognise faces, so the page asked without the key.";
    region.append(line(text, "quiet"));
  }
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
      line(
        userId === "" ? "Not recognised" : `Not recognised as ${userId}`,
        "verdict",
      ),
      line("A face was found, but it does not match."),
      list([["Time", `${answer.duration_ms} ms`]]),
    );
  }
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
