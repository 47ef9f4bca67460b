/** @import { Person } from "./new_person.js" */
import { setUpCamera } from "./camera.js";
import { element, part } from "./element.js";
import { takeChosenFiles } from "./file_input.js";
import { button, line } from "./make.js";
import { createPerson } from "./new_person.js";
import { fitted } from "./picture.js";
import { isJustClearEnough } from "./quality.js";
import { addShot, clearShots } from "./shots.js";
import { showWhenStatic } from "./static_gallery.js";
import { makeUserId } from "./user_id.js";
import { addTemplate } from "./users.js";

/** More pictures help little: docs/accuracy.md. */
const GOOD_NUMBER = 3;

const form = element("enrol-form", HTMLFormElement);
const nameInput = element("name", HTMLInputElement);
const idInput = element("new-user-id", HTMLInputElement);
const idHint = element("new-user-id-hint", HTMLElement);
const status = element("enrol-status", HTMLElement);
const next = element("enrol-next", HTMLElement);
const noShots = element("no-shots", HTMLElement);

/** The person whose pictures are sent; undefined before the first picture. @type {Person | undefined} */
let person;
/** Number of this person's pictures that were accepted on this page. */
let accepted = 0;
/** Increased for each new person. Answers about an earlier person are not shown. */
let generation = 0;
/** Settled when all pictures so far have an answer: they are sent one after the other. */
let queue = Promise.resolve();
/** @type {{ close: () => void }} */
let camera;

/**
 * Sets up the view that enrols people.
 *
 * @returns {import("./views.js").View}
 */
export function setUpEnrol() {
  const cameraPlace = element("enrol-camera", HTMLElement);
  camera = setUpCamera(cameraPlace, (photo) => enrol([photo]), {
    stayOpen: true,
    isReady: hasName,
  });
  /** @param {readonly File[]} files */
  const onFiles = (files) => {
    if (hasName()) void enrol(files);
  };
  takeChosenFiles(element("enrol-files", HTMLInputElement), onFiles, hasName);
  takeChosenFiles(
    part(cameraPlace, "capture", HTMLInputElement),
    onFiles,
    hasName,
  );
  // Nothing is sent before the first picture, so Enter in a field leads to the pictures.
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || (event.target !== nameInput && event.target !== idInput)) return;
    // Without this line, the same key would also press the button.
    event.preventDefault();
    if (hasName()) part(cameraPlace, "open", HTMLButtonElement).focus();
  });
  nameInput.addEventListener("input", showId);
  element("another-person", HTMLButtonElement).addEventListener("click", () => {
    startWith(undefined);
    nameInput.focus();
  });
  startWith(undefined);
  return {
    title: "face-it: enrol a person",
    onShow: () => void showWhenStatic("enrol"),
    onHide: () => camera.close(),
    onFiles,
  };
}

/**
 * Starts with a person who exists, or with a new one.
 *
 * @param {Person | undefined} existing
 */
export function startWith(existing) {
  camera.close();
  generation++;
  person = existing;
  accepted = 0;
  nameInput.value = existing?.name ?? "";
  idInput.value = existing?.userId ?? "";
  status.replaceChildren();
  clearShots();
  noShots.hidden = false;
  next.hidden = true;
  fixPerson();
}

/** Lets nobody change the name while pictures of this person are sent. */
function fixPerson() {
  nameInput.readOnly = idInput.readOnly = person !== undefined;
  if (person !== undefined) idInput.value = person.userId;
  element("another-person", HTMLElement).hidden = person === undefined;
  showId();
}

function showId() {
  const name = nameInput.value.trim();
  nameInput.setCustomValidity("");
  idHint.textContent = person !== undefined
    ? "The name and the user ID of an enrolled person stay as they are."
    : name === ""
    ? "Applications know the person by the user ID. Without one, the page makes it of the name."
    : `Without one, the user ID is ${makeUserId(name)}.`;
}

/** Returns false, and asks for the name, when there is none. */
function hasName() {
  nameInput.setCustomValidity(
    nameInput.value.trim() === "" ? "First type the person's name." : "",
  );
  return nameInput.reportValidity();
}

/** @param {readonly Blob[]} pictures */
function enrol(pictures) {
  queue = queue.then(async () => {
    const wanted = generation;
    if (!await makePerson() || wanted !== generation) return;
    for (const picture of pictures) {
      if (wanted === generation) await enrolOne(picture, addShot(picture));
    }
  });
  return queue;
}

/** Creates the person before the first picture. Returns false when that fails. */
async function makePerson() {
  if (person !== undefined) return true;
  const wanted = generation;
  say("Looking…", "busy");
  const made = await createPerson(nameInput.value.trim(), idInput.value.trim());
  if (wanted !== generation) return false;
  if ("person" in made) {
    person = made.person;
    fixPerson();
    return true;
  }
  camera.close();
  if ("taken" in made) {
    const { taken } = made;
    say(
      `The user ID ${taken.userId} belongs to ${taken.name} already. No picture was sent. ` +
        "Type another user ID, or add pictures to this person.",
      "failed",
    );
    status.append(
      button(`Add pictures to ${taken.name}`, () => startWith(taken)),
    );
    idInput.focus();
  } else {
    const { title, explanation, reference } = made.failure;
    say(`${title}. No picture was sent.`, "failed");
    status.append(line(explanation));
    if (reference !== undefined) status.append(line(reference, "reference"));
  }
  return false;
}

/**
 * @param {Blob} picture
 * @param {import("./shots.js").Shot} shot
 */
async function enrolOne(picture, shot) {
  const wanted = generation;
  if (person === undefined) return;
  const { userId, name } = person;
  noShots.hidden = true;
  say(`Checking picture ${shot.number}…`, "busy");
  const outcome = await addTemplate(userId, await fitted(picture));
  if (wanted !== generation) return;
  if ("failure" in outcome) {
    const { failure } = outcome;
    shot.refuse(failure, () => {
      queue = queue.then(() => enrolOne(picture, shot));
    });
    const verdict = failure.canRetry ? "was not sent" : "was refused";
    say(`Picture ${shot.number} ${verdict}: ${failure.title}.`, "failed");
    status.append(line(failure.explanation));
    status.scrollIntoView({ block: "nearest" });
    return;
  }
  const isNew = outcome.status === 201;
  const clear = isJustClearEnough(outcome.answer) ? "just clear enough" : "clear";
  if (isNew) shot.accept("accepted", `The face is ${clear}.`);
  else shot.accept("enrolled before", "The same picture changes nothing.");
  if (isNew) accepted++;
  say(
    isNew
      ? `Picture ${shot.number} was accepted: the face is ${clear}.`
      : `Picture ${shot.number} was enrolled before.`,
    "matched",
  );
  status.append(line(advice(name, clear)));
  next.hidden = false;
  status.scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} name
 * @param {string} clear
 */
function advice(name, clear) {
  const known = `${name} can be recognised now.`;
  if (clear !== "clear") {
    return `${known} Add a sharper picture, in better light and from the front.`;
  }
  return accepted < GOOD_NUMBER
    ? `${known} More pictures in another light or pose make it surer.`
    : known;
}

/**
 * Shows the result under the camera, where also a phone shows it.
 *
 * @param {string} text
 * @param {string} className
 */
function say(text, className) {
  status.replaceChildren(line(text, `verdict ${className}`));
}
