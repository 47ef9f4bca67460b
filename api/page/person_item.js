/** @import { Template, User, UserWithTemplates } from "../../shared/contract/users.ts" */
import { confirmDeletion } from "./confirm.js";
import { startWith } from "./enrol.js";
import { areDifferent, modelName } from "./known_models.js";
import { button, failureLines, line, list, time, writeTime } from "./make.js";
import { deleteTemplate, deleteUser, getUser, storeConsent, unlockUser } from "./users.js";

/** @typedef {(...lines: HTMLElement[]) => void} Say Shows what happened. */

/**
 * Makes the entry of a person in the list. The entry loads the templates when it is opened.
 *
 * @param {User} user
 * @param {{ model: string | undefined, requiresConsent: boolean }} service
 *   model: sha256 of the recognition model in use
 * @param {Say} say
 */
export function makePersonItem(user, { model, requiresConsent }, say) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const content = document.createElement("div");
  const count = line("", "quiet", "span");
  const name = line(user.name, "person-name", "bdi");
  const id = line(user.user_id, "quiet", "bdi");
  summary.append(name, id, count);
  details.append(summary, content);
  item.append(details);
  showCount(count, user.templates);

  async function load() {
    content.replaceChildren(line("Looking…", "quiet"));
    const outcome = await getUser(user.user_id);
    if ("failure" in outcome) {
      content.replaceChildren(...failureLines(outcome.failure));
      return;
    }
    const { answer } = outcome;
    showCount(count, answer.templates.length);
    content.replaceChildren(
      ...answer.locked ? [lockNotice(answer, say, load)] : [],
      list(facts(answer)),
      ...requiresConsent && answer.consent_ref === null ? [consentForm(answer, say, load)] : [],
      line("Templates", "", "h2"),
      templateList(answer, model, say, load),
      actions(answer, item, say),
    );
  }
  details.addEventListener(
    "toggle",
    () => details.open ? void load() : content.replaceChildren(),
  );
  return item;
}

/**
 * @param {HTMLElement} element
 * @param {number} templates
 */
function showCount(element, templates) {
  element.textContent = templates === 0
    ? "no templates: not recognised"
    : templates === 1
    ? "1 template"
    : `${templates} templates`;
}

/**
 * @param {UserWithTemplates} user
 * @returns {[string, string | Node][]}
 */
function facts({ created_at, last_seen_at, expires_at, consent_ref }) {
  /** @type {[string, string | Node][]} */
  const entries = [
    ["Created", time(created_at)],
    ["Last recognised", last_seen_at === null ? "never" : time(last_seen_at)],
  ];
  if (expires_at !== null) entries.push(["Expires", time(expires_at)]);
  if (consent_ref !== null) entries.push(["Consent", consent_ref]);
  return entries;
}

/**
 * @param {UserWithTemplates} user
 * @param {string | undefined} model
 * @param {Say} say
 * @param {() => Promise<void>} reload
 */
function templateList(user, model, say, reload) {
  if (user.templates.length === 0) return line("None. Add a picture.", "quiet");
  const made = line("", "templates", "ul");
  for (const template of user.templates) {
    const item = document.createElement("li");
    const text = document.createElement("span");
    const unused = model !== undefined && areDifferent(model, template.model);
    const madeBy = modelName(template.model) + (unused ? ", which is not in use now" : "");
    text.append(time(template.created_at), line(madeBy, "quiet", "span"));
    const remove = button(
      "Delete",
      () => void removeTemplate(user, template, say, reload),
    );
    remove.ariaLabel = `Delete the template of ${writeTime(template.created_at)}`;
    item.append(text, remove);
    made.append(item);
  }
  return made;
}

/**
 * @param {UserWithTemplates} user
 * @param {Template} template
 * @param {Say} say
 * @param {() => Promise<void>} reload
 */
async function removeTemplate(
  { user_id, name, templates },
  template,
  say,
  reload,
) {
  const when = writeTime(template.created_at);
  const confirmed = await confirmDeletion(
    `Delete a template of ${name}?`,
    `The template of ${when} of ${name} (user ID ${user_id}) is deleted for good.` +
      (templates.length === 1 ? " It is the only one: this person is then not recognised." : ""),
    "Delete the template",
  );
  if (!confirmed) return;
  say(line("Deleting…", "verdict busy"));
  const outcome = await deleteTemplate(user_id, template.template_id);
  if ("failure" in outcome) return say(...failureLines(outcome.failure));
  await reload();
  say(
    line(`The template of ${when} of ${name} was deleted.`, "verdict matched"),
  );
}

/**
 * @param {UserWithTemplates} user
 * @param {Say} say
 * @param {() => Promise<void>} reload
 */
function lockNotice({ user_id, name }, say, reload) {
  const notice = line("", "notice", "div");
  const unlock = button(`Unlock ${name}`, async () => {
    const outcome = await unlockUser(user_id);
    if ("failure" in outcome) return say(...failureLines(outcome.failure));
    await reload();
    say(line(`${name} was unlocked.`, "verdict matched"));
  });
  notice.append(
    line(
      "Locked: too many attempts to be recognised as this person have failed.",
      "verdict failed",
    ),
    unlock,
  );
  return notice;
}

/**
 * Makes the form that stores the reference to the consent of a person who has none.
 *
 * @param {UserWithTemplates} user
 * @param {Say} say
 * @param {() => Promise<void>} reload
 */
function consentForm(user, say, reload) {
  const form = document.createElement("form");
  form.className = "notice";
  const input = document.createElement("input");
  input.className = "field";
  input.required = true;
  input.maxLength = 256;
  input.autocomplete = "off";
  input.ariaLabel = `Consent reference of ${user.name}`;
  const store = button("Store the consent", () => form.requestSubmit());
  form.append(
    line("No consent reference: this person gets no templates.", "verdict failed"),
    input,
    store,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const outcome = await storeConsent(user, input.value.trim());
    if ("failure" in outcome) return say(...failureLines(outcome.failure));
    await reload();
    say(line(`The consent of ${user.name} was stored.`, "verdict matched"));
  });
  return form;
}

/**
 * @param {UserWithTemplates} user
 * @param {HTMLElement} item
 * @param {Say} say
 */
function actions({ user_id, name }, item, say) {
  const row = line("", "row actions", "div");
  const add = button("Add pictures", () => {
    startWith({ userId: user_id, name });
    location.hash = "#enrol";
  });
  const remove = button(`Delete ${name}`, async () => {
    const confirmed = await confirmDeletion(
      `Delete ${name}?`,
      `${name} (user ID ${user_id}) and all templates are deleted for good, and the service no ` +
        "longer recognises this person.",
      `Delete ${name}`,
    );
    if (!confirmed) return;
    say(line("Deleting…", "verdict busy"));
    const outcome = await deleteUser(user_id);
    if ("failure" in outcome) return say(...failureLines(outcome.failure));
    item.remove();
    say(line(`${name} was deleted.`, "verdict matched"));
  }, "danger");
  row.append(add, remove);
  return row;
}
