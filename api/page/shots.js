import { element } from "./element.js";
import { button, line } from "./make.js";

/**
 * @typedef {object} Shot
 * @property {() => void} check shows that the picture is being checked
 * @property {(verdict: string, text: string) => void} accept
 * @property {(failure: import("./request.js").Failure, tryAgain: () => void) => void} refuse
 * @property {number} number of the picture, from 1
 */

const shots = element("shots", HTMLOListElement);

/**
 * Adds a picture to the list of this person's pictures. A picture that the browser cannot decode is
 * not shown.
 *
 * @param {Blob} picture
 * @returns {Shot}
 */
export function addShot(picture) {
  const number = shots.childElementCount + 1;
  const item = document.createElement("li");
  const image = document.createElement("img");
  image.alt = "";
  image.src = URL.createObjectURL(picture);
  image.addEventListener("error", () => image.remove());
  const text = document.createElement("div");
  /**
   * @param {string} verdict
   * @param {string} className
   * @param {readonly Node[]} more
   */
  const show = (verdict, className, more) =>
    text.replaceChildren(
      line(`Picture ${number}: ${verdict}`, className),
      ...more,
    );
  const check = () => show("being checked", "", []);
  show("waiting", "", []);
  item.append(image, text);
  shots.prepend(item);
  return {
    number,
    check,
    accept: (verdict, explanation) => show(verdict, "shot-verdict matched", [line(explanation)]),
    refuse: ({ title, explanation, reference, canRetry }, tryAgain) => {
      const more = [line(explanation)];
      if (reference !== undefined) more.push(line(reference, "reference"));
      /** @type {Node[]} */
      const all = more;
      if (canRetry) {
        const again = button(`Send picture ${number} again`, () => {
          show("waiting", "", []);
          tryAgain();
        });
        all.push(again);
      }
      show(
        `${canRetry ? "not sent" : "refused"}. ${title}`,
        "shot-verdict failed",
        all,
      );
    },
  };
}

/** Removes all pictures from the list and from the memory. */
export function clearShots() {
  for (const image of shots.querySelectorAll("img")) {
    URL.revokeObjectURL(image.src);
  }
  shots.replaceChildren();
}
