import { element } from "./element.js";

/** @typedef {"recognise" | "enrol" | "people"} ViewName */

const VIEWS = /** @type {const} */ (["recognise", "enrol", "people"]);

/**
 * @typedef {object} View
 * @property {string} title of the document
 * @property {() => void} [onShow]
 * @property {() => void} [onHide]
 * @property {(files: readonly File[]) => void} [onFiles]
 *   takes files that were dropped or pasted anywhere on the page
 */

/**
 * Shows the view that the address names after #, and the first view for any other address.
 *
 * @param {Readonly<Record<ViewName, View>>} views
 */
export function setUpViews(views) {
  /** @type {ViewName | undefined} */
  let shown;

  /** @param {boolean} withFocus */
  function show(withFocus) {
    const wanted = VIEWS.find((name) => location.hash === `#${name}`) ??
      "recognise";
    if (wanted === shown) return;
    if (shown !== undefined) views[shown].onHide?.();
    shown = wanted;
    for (const name of VIEWS) {
      element(`${name}-view`, HTMLElement).hidden = name !== wanted;
      const link = element(`${name}-link`, HTMLAnchorElement);
      if (name === wanted) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    document.title = views[wanted].title;
    scrollTo(0, 0);
    if (withFocus) element(`${wanted}-heading`, HTMLElement).focus();
    views[wanted].onShow?.();
  }

  addEventListener("hashchange", () => show(true));
  show(false);
  takeFiles((files) => shown !== undefined && views[shown].onFiles?.(files));
}

/**
 * Takes the files that are dropped or pasted anywhere on the page.
 *
 * @param {(files: readonly File[]) => void} onFiles
 */
function takeFiles(onFiles) {
  const drops = document.querySelectorAll(".drop");
  /** @param {boolean} over */
  const mark = (over) => drops.forEach((drop) => drop.classList.toggle("over", over));
  /** @param {FileList | undefined} files */
  const take = (files) => {
    // Behind a dialog, the page takes no files.
    if (
      files !== undefined && files.length > 0 &&
      document.querySelector("dialog[open]") === null
    ) {
      onFiles([...files]);
    }
  };
  // When a picture is dropped next to the box, the browser must not open it in place of the page.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    mark(true);
  });
  document.addEventListener("dragleave", () => mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    take(event.dataTransfer?.files);
  });
  document.addEventListener(
    "paste",
    (event) => take(event.clipboardData?.files),
  );
}
