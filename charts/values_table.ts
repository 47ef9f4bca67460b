/** The table of a chart's values, read from the comments of its values.yaml. */

/** A value that a user may set. */
export interface DocumentedValue {
  /** Such as `api.image.tag`. */
  readonly path: string;
  /** As values.yaml has it. */
  readonly default: string;
  /** The comment above it. */
  readonly description: string;
}

/** A values.yaml that cannot be documented. */
export class ValuesError extends Error {
  override readonly name = "ValuesError";
}

const LINE = /^( *)(?:# ?(.*)|([\w.-]+):(?: (.*))?)$/;
const INDENT = 2;

/**
 * Reads the values, in the order of the file. The file has two spaces of indentation, its lists and
 * the maps that are values themselves on one line.
 *
 * @throws {ValuesError} naming a value without a comment, or a line that is neither
 */
export function readValues(yaml: string): DocumentedValue[] {
  const values: DocumentedValue[] = [];
  const parents: string[] = [];
  let comment: string[] = [];
  const lines = yaml.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") {
      comment = [];
      continue;
    }
    const match = LINE.exec(line);
    if (match === null) throw new ValuesError(`Line ${index + 1} is neither comment nor value`);
    const [, indent, text, key, value] = match;
    if (key === undefined) {
      comment.push(text!);
      continue;
    }
    parents.length = indent!.length / INDENT;
    const path = [...parents, key].join(".");
    if (value === undefined) {
      parents.push(key);
    } else if (comment.length === 0) {
      throw new ValuesError(`${path} has no comment`);
    } else {
      values.push({ path, default: value, description: comment.join(" ") });
    }
    comment = [];
  }
  return values;
}

/** The values as a table in Markdown. */
export function valuesTable(values: readonly DocumentedValue[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = values.map((value) =>
    `| \`${value.path}\` | \`${cell(value.default)}\` | ${cell(value.description)} |`
  );
  return ["| value | default | what it sets |", "| --- | --- | --- |", ...rows].join("\n");
}

const BEGIN = "<!-- values: made by deno task chart-readme -->";
const END = "<!-- /values -->";

/**
 * The README with the table between its two marks.
 *
 * @throws {ValuesError} when it does not have both
 */
export function insertTable(readme: string, table: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new ValuesError(`The README lacks ${BEGIN} or ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${readme.slice(end)}`;
}
