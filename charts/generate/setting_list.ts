/** Lists the settings of both services, for the files that are generated from them. */

import { z } from "zod";
import { SETTINGS } from "../../shared/setting.ts";
import { GenerateError } from "./generate_error.ts";

/** A setting with all information that its schema has. */
export interface Setting {
  /** Name of the variable, such as `PORT`. */
  readonly name: string;
  readonly description: string;
  /** Default to show, undefined when there is none. */
  readonly shownDefault: string | undefined;
  /** Path of the chart's value for this setting, undefined when there is none. */
  readonly chartValue: string | undefined;
  /** Type of the parsed value, as a JSON schema. */
  readonly type: z.core.JSONSchema.BaseSchema;
}

/**
 * Lists the settings of a schema's shape, in the order of the shape.
 *
 * @throws {GenerateError} for a setting without a description
 */
export function listSettings(shape: Readonly<Record<string, z.ZodType>>): Setting[] {
  return Object.entries(shape).map(([name, schema]) => {
    const info = SETTINGS.get(schema);
    if (info === undefined) {
      throw new GenerateError(`${name} has no description: register its schema in SETTINGS`);
    }
    const type = z.toJSONSchema(schema, { unrepresentable: "any" });
    // When a schema transforms its default, only the schema of its input has the default.
    const input = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
    const byDefault = type.default ?? input.default;
    return {
      name,
      description: info.description,
      shownDefault: info.shownDefault ?? (byDefault === undefined ? undefined : String(byDefault)),
      chartValue: info.chartValue,
      type,
    };
  });
}
