/** Derives valid values that differ from the defaults, from the schema of the chart's values. */

import { assert } from "@std/assert";
import { CHART } from "../support/helm.ts";

/** The keywords of JSON Schema that the chart's schema uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly deprecated?: boolean;
}

/** A value of the chart. */
export interface ChartValue {
  /** Path such as `api.image.tag`. */
  readonly path: string;
  readonly schema: Schema;
  /** Position of the value in the schema, from 0. */
  readonly index: number;
}

/**
 * Values that cannot be derived: a check of the chart compares the value with another value, or the
 * schema does not describe its form.
 */
const BY_HAND: Readonly<Record<string, unknown>> = {
  threshold: 0.123,
  livenessThreshold: 0.321,
  leaseMaxMs: 9999,
  "processes.perPod": 61,
  "gallery.json": '{"embeddings": [], "other": true}',
};
/** Number of the first value. Each further value gets the next number. No default contains them. */
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
        if (!child.deprecated) walk(child, path === "" ? key : `${path}.${key}`);
      }
    }
  };
  // "global" has the values that a parent chart shares. This chart uses none of them.
  const { global: _, ...properties } = root.properties;
  walk({ properties }, "");
  return values;
}

/** True when the value cannot contain a unique text: a switch, a word of a list, or gallery.json. */
export function isChoice({ schema, path }: ChartValue): boolean {
  return schema.type === "boolean" || schema.enum !== undefined || path === "gallery.json";
}

/** Returns all choices except `present`, in reverse order. */
export function otherChoices({ schema, path }: ChartValue, present: unknown): unknown[] {
  if (path in BY_HAND) return [BY_HAND[path]];
  const choices = schema.enum ?? [false, true];
  return choices.filter((choice) => choice !== present).reverse();
}

/** Returns a valid value, and the text in it. No other value contains this text. */
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
      `https://${name}.test`,
      `${number}s`,
      `10.0.${index}.0/24`,
      `${number}Gi`,
      `sha256:${String(number).padStart(64, "0")}`,
    ];
    const text = candidates.find((text) => new RegExp(pattern ?? "").test(text));
    assert(text !== undefined, `No candidate matches ${pattern} of ${path}: add one`);
    return { value: text, text };
  };
  if (path in BY_HAND) return { value: BY_HAND[path], text: String(BY_HAND[path]) };
  return make(schema);
}

/** Returns a copy of `values` with `value` at `path`. */
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
