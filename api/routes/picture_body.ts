/** Describes a body with a picture in /openapi.json. */

import type { RouteConfig } from "@hono/zod-openapi";
import type { z } from "zod";
import { IMAGE_TYPES } from "../../shared/contract/image_type.ts";

const BINARY = { type: "string", format: "binary" } as const;

/** A description of a form's field, as OpenAPI has it. */
type FormFields = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/**
 * Returns the description: JSON, the bytes of the picture, or a form.
 *
 * @param json Schema of the JSON form
 * @param fields Fields that the form may have beside `image`
 */
export function pictureBody(
  json: z.ZodType,
  fields: FormFields = {},
): NonNullable<NonNullable<RouteConfig["request"]>["body"]> {
  return {
    required: true,
    content: {
      "application/json": { schema: json },
      ...Object.fromEntries(IMAGE_TYPES.map((type) => [type, { schema: BINARY }])),
      "multipart/form-data": {
        schema: {
          type: "object",
          properties: { image: BINARY, ...fields },
          required: ["image"],
          additionalProperties: false,
        },
      },
    },
  };
}
