import { setUpConfirm } from "./confirm.js";
import { element } from "./element.js";
import { button, failureLines, line } from "./make.js";
import { makePersonItem } from "./person_item.js";
import { showWhenStatic } from "./static_gallery.js";
import { listUsers } from "./users.js";

const people = element("people", HTMLUListElement);
const status = element("people-status", HTMLElement);
const previous = element("previous-page", HTMLButtonElement);
const next = element("next-page", HTMLButtonElement);
const pageNumber = element("page-number", HTMLElement);
const heading = element("people-heading", HTMLElement);

/** Cursors of the pages up to the shown one. @type {(string | undefined)[]} */
let cursors = [undefined];
/** @type {string | null} */
let nextCursor = null;
/** Aborted when a newer list is loaded. */
let current = new AbortController();

/**
 * Sets up the view that lists people.
 *
 * @returns {import("./views.js").View}
 */
export function setUpPeople() {
  setUpConfirm();
  previous.addEventListener("click", () => turn(cursors.slice(0, -1)));
  next.addEventListener(
    "click",
    () => nextCursor !== null && turn([...cursors, nextCursor]),
  );
  return {
    title: "face-it: people",
    onShow: () => {
      cursors = [undefined];
      void load();
    },
    onHide: clear,
  };
}

/** Removes what an earlier key has shown. */
export function hidePeople() {
  if (element("people-view", HTMLElement).hidden) return;
  clear();
  status.replaceChildren(button("Show the people", () => turn([undefined])));
}

/** Removes all people from the view. */
function clear() {
  current.abort();
  people.replaceChildren();
  previous.hidden = next.hidden = true;
  pageNumber.textContent = "";
}

/** @param {(string | undefined)[]} wanted */
function turn(wanted) {
  cursors = wanted;
  heading.focus();
  void load();
}

/** Loads the page of the list that the last cursor leads to. */
async function load() {
  clear();
  current = new AbortController();
  const { signal } = current;
  status.replaceChildren(line("Looking…", "verdict busy"));
  try {
    const { isStatic, model, refusal, requiresConsent } = await showWhenStatic("people");
    if (isStatic || signal.aborted) return;
    // The page asks only once for a key.
    const outcome = refusal === undefined
      ? await listUsers(cursors.at(-1), signal)
      : { failure: refusal };
    if (signal.aborted) return;
    if ("failure" in outcome) {
      const again = button("Try again", () => turn(cursors));
      status.replaceChildren(...failureLines(outcome.failure), again);
      return;
    }
    const { users, next_cursor } = outcome.answer;
    nextCursor = next_cursor;
    people.replaceChildren(
      ...users.map((user) => makePersonItem(user, { model, requiresConsent }, say)),
    );
    previous.hidden = cursors.length === 1;
    next.hidden = nextCursor === null;
    if (!previous.hidden || !next.hidden) {
      pageNumber.textContent = `Page ${cursors.length}`;
    }
    const nobody = cursors.length === 1
      ? "Nobody is enrolled yet."
      : "There is nobody on this page.";
    status.replaceChildren(line(users.length === 0 ? nobody : "", "quiet"));
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Shows what happened, and moves the focus there: what had the focus may be gone.
 *
 * @param {readonly HTMLElement[]} lines
 */
function say(...lines) {
  status.replaceChildren(...lines);
  status.focus();
}
