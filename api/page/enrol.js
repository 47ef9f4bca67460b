/** @import { Person } from "./new_person.js" */
/** @import { Failure } from "./request.js" */
import { setUpCamera } from "./camera.js";
import { element, part } from "./element.js";
import { takeChosenFiles } from "./file_input.js";
import { button, line } from "./make.js";
import { createPerson } from "./new_person.js";
import {
  focusName,
  focusUserId,
  isComplete,
  setConsentNeeded,
  setUpPersonForm,
  showPerson,
  typed,
} from "./person_form.js";
import { fitted } from "./picture.js";
import { isJustClearEnough } from "./quality.js";
import { addShot, clearShots } from "./shots.js";
import { showWhenStatic } from "./static_gallery.js";
import { addTemplate } from "./users.js";

/** More pictures help little: docs/accuracy.md. */
const GOOD_NUMBER = 3;

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
/** Number of this person's pictures that wait for their turn. */
let waiting = 0;
/**
 * The question what the service needs. unknown: tells why it is not known, undefined when it is.
 *
 * @type {Promise<{ isStatic: boolean, unknown: Failure | undefined }> | undefined}
 */
let needs;
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
    isReady: isComplete,
  });
  /** @param {readonly File[]} files */
  const onFiles = (files) => {
    if (isComplete()) void enrol(files);
  };
  takeChosenFiles(element("enrol-files", HTMLInputElement), onFiles, isComplete);
  takeChosenFiles(
    part(cameraPlace, "capture", HTMLInputElement),
    onFiles,
    isComplete,
  );
  setUpPersonForm({
    // Nothing is sent before the first picture, so Enter leads to the pictures.
    onEnter: () => part(cameraPlace, "open", HTMLButtonElement).focus(),
    onAnother: () => {
      startWith(undefined);
      focusName();
    },
  });
  startWith(undefined);
  return {
    title: "face-it: enrol a person",
    onShow: () => {
      needs = showWhatIsNeeded();
    },
    onHide: () => camera.close(),
    onFiles,
  };
}

async function showWhatIsNeeded() {
  const { isStatic, requiresConsent, unknown } = await showWhenStatic("enrol");
  setConsentNeeded(requiresConsent);
  return { isStatic, unknown };
}

/**
 * Starts with a person who exists, or with a new one.
 *
 * @param {Person | undefined} existing
 */
export function startWith(existing) {
  camera.close();
  status.replaceChildren();
  if (waiting > 0) say(`Pictures of ${typed().name} that were not sent: ${waiting}`, "failed");
  generation++;
  person = existing;
  accepted = waiting = 0;
  clearShots();
  noShots.hidden = false;
  next.hidden = true;
  showPerson(existing);
}

/**
 * Sends pictures of the person whose name is shown now.
 *
 * @param {readonly Blob[]} pictures
 */
function enrol(pictures) {
  const wanted = generation;
  waiting += pictures.length;
  return inTurn(wanted, async () => {
    if (!await makePerson(wanted)) {
      if (wanted === generation) waiting -= pictures.length;
      return;
    }
    const added = pictures.map((picture) => ({ picture, shot: addShot(picture) }));
    for (const { picture, shot } of added) {
      if (wanted === generation) await enrolOne(picture, shot, wanted);
    }
  });
}

/**
 * Does something after everything before, unless the page shows another person then.
 *
 * @param {number} wanted generation of the person
 * @param {() => Promise<void>} task
 */
function inTurn(wanted, task) {
  const before = queue.catch(() => {});
  queue = before.then(() => wanted === generation ? task() : undefined);
  return queue;
}

/**
 * Creates the person before the first picture. Returns false when that fails, or when the page shows
 * another person.
 *
 * @param {number} wanted
 */
async function makePerson(wanted) {
  if (person !== undefined) return true;
  say("Looking…", "busy");
  // A person who is created without a consent that is needed would get no templates.
  let known = await (needs ??= showWhatIsNeeded());
  if (known.unknown !== undefined) known = await (needs = showWhatIsNeeded());
  if (wanted !== generation) return false;
  if (known.unknown !== undefined) return refuse(known.unknown);
  // The view says now who enrols people.
  if (known.isStatic) {
    camera.close();
    return false;
  }
  if (!isComplete()) {
    camera.close();
    say("No picture was sent.", "failed");
    return false;
  }
  const { name, userId, consentRef } = typed();
  const made = await createPerson(name, userId, consentRef);
  if (wanted !== generation) return false;
  if ("person" in made) {
    person = made.person;
    showPerson(person);
    return true;
  }
  if ("failure" in made) return refuse(made.failure);
  camera.close();
  const taken = made.taken;
  say(`The user ID ${taken.userId} belongs to ${taken.name ?? "somebody"} already.`, "failed");
  status.append(
    line("No picture was sent. Type another user ID, or add pictures to this person."),
  );
  const owner = { userId: taken.userId, name: taken.name ?? taken.userId };
  status.append(button(`Add pictures to ${owner.name}`, () => startWith(owner)));
  focusUserId();
  return false;
}

/**
 * Shows why nobody is created.
 *
 * @param {Failure} failure
 */
function refuse({ title, explanation, reference }) {
  camera.close();
  say(`${title}. No picture was sent.`, "failed");
  status.append(line(explanation));
  if (reference !== undefined) status.append(line(reference, "reference"));
  return false;
}

/**
 * @param {Blob} picture
 * @param {import("./shots.js").Shot} shot
 * @param {number} wanted
 */
async function enrolOne(picture, shot, wanted) {
  if (person === undefined) return;
  const { userId, name } = person;
  waiting--;
  noShots.hidden = true;
  shot.check();
  say(`Checking picture ${shot.number}…`, "busy");
  const outcome = await addTemplate(userId, await fitted(picture));
  if (wanted !== generation) return;
  if ("failure" in outcome) {
    const { failure } = outcome;
    shot.refuse(failure, () => {
      waiting++;
      void inTurn(wanted, () => enrolOne(picture, shot, wanted));
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
