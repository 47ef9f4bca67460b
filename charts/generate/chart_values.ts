/** Reads the values of a chart from its values.yaml: each value with its comment. */

import { isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from "yaml";
import { GenerateError } from "./generate_error.ts";

/** A value that a user may set. */
export interface ChartValue {
  /** Path of the value, such as `api.image.tag`. */
  readonly path: string;
  /** Default in YAML, on one line. */
  readonly default: string;
  /** Comment above the value, on one line. */
  readonly description: string;
}

/**
 * Reads the values in the order of the file. A map with a comment inside is a group of values. A
 * map without a comment inside is one value.
 *
 * @throws {GenerateError} for a value without a comment, or a file that is not a map in YAML
 */
export function readValues(yaml: string): ChartValue[] {
  const document = parseDocument(yaml);
  const [error] = document.errors;
  if (error !== undefined) throw new GenerateError(`values.yaml: ${error.message}`);
  if (!isMap(document.contents)) throw new GenerateError("values.yaml is not a map");
  // The library does not attach a comment at the beginning of the file to the first value.
  return valuesIn(document.contents, "", document.commentBefore ?? undefined);
}

function valuesIn(map: YAMLMap, parent: string, firstComment: string | undefined): ChartValue[] {
  return map.items.flatMap((pair, i): ChartValue[] => {
    const path = parent + keyOf(pair);
    const first = i === 0 ? map.commentBefore ?? firstComment : undefined;
    const comment = commentOf(pair) ?? first;
    const { value } = pair;
    if (isMap(value) && hasComment(value)) return valuesIn(value, `${path}.`, undefined);
    if (comment === undefined) throw new GenerateError(`${path} has no comment`);
    return [{ path, default: inline(value), description: lastParagraph(comment) }];
  });
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function commentOf({ key }: Pair): string | undefined {
  return isScalar(key) ? key.commentBefore ?? undefined : undefined;
}

/** Returns true when a comment is above an entry of the map, or of a map inside it. */
function hasComment(map: YAMLMap): boolean {
  return map.commentBefore != null ||
    map.items.some((pair) =>
      commentOf(pair) !== undefined || (isMap(pair.value) && hasComment(pair.value))
    );
}

function inline(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

/** Returns the last paragraph of a comment. The paragraphs before it describe several values. */
function lastParagraph(comment: string): string {
  return comment.split(/\n\s*\n/).at(-1)!.split("\n").map((line) => line.trim()).join(" ").trim();
}
