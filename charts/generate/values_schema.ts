/** Generates the part of the chart's values.schema.json that follows from the settings. */

import { GenerateError } from "./generate_error.ts";
import type { Setting } from "./setting_list.ts";

interface Node {
  properties?: Record<string, Node>;
  [key: string]: unknown;
}

/** Returns values.schema.json with the values of `settings` replaced, or added at the end. */
export function writeValuesSchema(valuesSchema: string, settings: readonly Setting[]): string {
  const root: Node = JSON.parse(valuesSchema);
  for (const setting of settings) {
    if (setting.chartValue === undefined) continue;
    const keys = setting.chartValue.split(".");
    const last = keys.pop()!;
    let node = root;
    for (const key of keys) {
      node.properties ??= {};
      node = node.properties[key] ??= { type: "object", additionalProperties: false };
    }
    node.properties ??= {};
    node.properties[last] = valueSchema(setting);
  }
  return `${JSON.stringify(root, null, 2)}\n`;
}

function valueSchema({ name, type }: Setting): Node {
  switch (type.type) {
    case "string":
      return type.enum === undefined ? { type: "string" } : { enum: type.enum };
    case "integer":
      return { type: "integer", minimum: type.minimum, maximum: type.maximum };
    case "number":
      if (type.exclusiveMinimum !== 0 || type.maximum !== 1) {
        throw new GenerateError(
          `${name}: a chart value with a fraction must be above 0 and up to 1`,
        );
      }
      return {
        type: ["number", "string"],
        exclusiveMinimum: type.exclusiveMinimum,
        maximum: type.maximum,
        pattern: "^(0?\\.\\d+|1(\\.0+)?)$",
        description: "A number or a string: helm --set turns 0.8 into a string.",
      };
    case "boolean":
      return { type: "boolean" };
    default:
      throw new GenerateError(`${name}: a chart value cannot have the type of this setting`);
  }
}
