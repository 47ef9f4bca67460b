/** Characters that turn the direction of the text after them. They could disguise a name. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * Makes an element with a text. The text never becomes markup, and turns no other text.
 *
 * @template {keyof HTMLElementTagNameMap} [T="p"]
 * @param {string} content
 * @param {string} className
 * @param {T} tag
 * @returns {HTMLElementTagNameMap[T]}
 */
export function line(content, className = "", tag = /** @type {T} */ ("p")) {
  const made = document.createElement(tag);
  made.textContent = content.replace(TURNS, "");
  if (className !== "") made.className = className;
  return made;
}

/**
 * Makes a list of terms and their values.
 *
 * @param {readonly (readonly [string, string | Node])[]} entries
 */
export function list(entries) {
  const made = document.createElement("dl");
  for (const [term, value] of entries) {
    const definition = line(typeof value === "string" ? value : "", "", "dd");
    if (typeof value !== "string") definition.append(value);
    made.append(line(term, "", "dt"), definition);
  }
  return made;
}

/**
 * Makes a button.
 *
 * @param {string} content
 * @param {() => void} onClick
 * @param {string} className
 */
export function button(content, onClick, className = "") {
  const made = line("", className, "button");
  made.type = "button";
  made.append(line(content, "clamp", "span"));
  made.addEventListener("click", onClick);
  return made;
}

/**
 * Makes a time as the reader's country writes it.
 *
 * @param {string} iso
 */
export function time(iso) {
  const made = document.createElement("time");
  made.dateTime = iso;
  made.textContent = writeTime(iso);
  return made;
}

/**
 * Writes a time as the reader's country does.
 *
 * @param {string} iso
 */
export function writeTime(iso) {
  return new Date(iso).toLocaleString(undefined, {
    dateStyle: "medium",
    timeStyle: "short",
  });
}

/**
 * Makes the lines that explain a failure.
 *
 * @param {import("./request.js").Failure} failure
 */
export function failureLines({ title, explanation, reference }) {
  const lines = [line(title, "verdict failed"), line(explanation)];
  if (reference !== undefined) lines.push(line(reference, "reference"));
  return lines;
}
