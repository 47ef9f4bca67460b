/** Derives other valid values from the schema of the chart's values. */

import { assert } from "@std/assert";
import { CHART } from "../support/helm.ts";

/** Part of a JSON schema, as far as the chart's schema uses it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** A value of the chart. */
export interface ChartValue {
  /** Path such as `api.image.tag`. */
  readonly path: string;
  readonly schema: Schema;
  /** Number of the value in the file. */
  readonly index: number;
}

/** Values that a check of the chart compares with others, or whose form no schema describes. */
const BY_HAND: Readonly<Record<string, unknown>> = {
  threshold: 0.123,
  leaseMaxMs: 9999,
  "gallery.json": '{"embeddings": [], "other": true}',
};
/** First of the numbers that stand for values. No number of the default manifests is near it. */
const FIRST_NUMBER = 700;

/** Reads all values that the schema describes. */
export async function readChartValues(): Promise<ChartValue[]> {
  const root = JSON.parse(await Deno.readTextFile(`${CHART}/values.schema.json`));
  const resolve = (schema: Schema): Schema => {
    const name = schema.$ref?.split("/").at(-1);
    const { anyOf, items, ...rest } = name === undefined ? schema : root.$defs[name] as Schema;
    if (anyOf !== undefined) return resolve(anyOf[0]!);
    return items === undefined ? rest : { ...rest, items: resolve(items) };
  };
  const values: ChartValue[] = [];
  const walk = (node: Schema, path: string) => {
    const schema = resolve(node);
    if (schema.properties === undefined) {
      values.push({ path, schema, index: values.length });
    } else {
      for (const [key, child] of Object.entries(schema.properties)) {
        walk(child, path === "" ? key : `${path}.${key}`);
      }
    }
  };
  // "global" holds the values that a parent chart shares. This chart has none.
  const { global: _, ...properties } = root.properties;
  walk({ properties }, "");
  return values;
}

/** True when a value has so few choices that a text for it would not be unique: a switch or a list. */
export function isChoice({ schema, path }: ChartValue): boolean {
  return schema.type === "boolean" || schema.enum !== undefined || path === "gallery.json";
}

/** Returns the choices beside `present`, the last of them first. */
export function otherChoices({ schema, path }: ChartValue, present: unknown): unknown[] {
  if (path in BY_HAND) return [BY_HAND[path]];
  const choices = schema.enum ?? [false, true];
  return choices.filter((choice) => choice !== present).reverse();
}

/** Returns a valid value that contains a text of its own, and that text. */
export function uniqueValue({ path, schema, index }: ChartValue): { value: unknown; text: string } {
  const number = FIRST_NUMBER + index;
  const name = `other${number}`;
  const make = ({ type, pattern, items }: Schema): { value: unknown; text: string } => {
    const types = [type].flat();
    if (types.includes("integer") && !types.includes("string")) {
      return { value: number, text: `${number}` };
    }
    if (types.includes("array")) {
      const { value, text } = make(items!);
      return { value: [value], text };
    }
    if (types.includes("object")) return { value: { [name]: name }, text: name };
    const candidates = [
      name,
      `/${name}`,
      `${number}s`,
      `10.0.${index}.0/24`,
      `sha256:${String(number).padStart(64, "0")}`,
    ];
    const text = candidates.find((text) => new RegExp(pattern ?? "").test(text));
    assert(text !== undefined, `No candidate matches ${pattern} of ${path}: add one`);
    return { value: text, text };
  };
  if (path in BY_HAND) return { value: BY_HAND[path], text: String(BY_HAND[path]) };
  return make(schema);
}

/** Returns a copy of `values` in which the value at `path` is another. */
export function withValue(values: object, path: string, value: unknown): object {
  const copy = structuredClone(values) as Record<string, unknown>;
  const keys = path.split(".");
  const last = keys.pop()!;
  const parent = keys.reduce(
    (node, key) => (node[key] ??= {}) as Record<string, unknown>,
    copy,
  );
  parent[last] = value;
  return copy;
}
