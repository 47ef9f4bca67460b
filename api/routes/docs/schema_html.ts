/** Writes the schemas of an OpenAPI document as HTML. */

import { html } from "hono/html";

/** A piece of HTML. Text that is inserted into it is escaped. */
export type Html = ReturnType<typeof html>;

/** A term of a list and its description. */
export type Entry = readonly [term: Html | string, description: Html];

/** The parts of JSON Schema that the document of this service uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
}

/** Writes a link to a named schema, or the type, description, example and fields of another. */
export function renderSchema(schema: Schema): Html {
  const { $ref, anyOf, oneOf = anyOf, items, properties, required = [], description, example } =
    schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#${name}"><code>${name}</code></a>`;
  }
  if (oneOf !== undefined) {
    return html`${oneOf.map((one, i) => html`${i > 0 && " or "}${renderSchema(one)}`)}`;
  }
  if (items !== undefined) {
    return html`list of ${renderSchema(items)}${description && html`<p>${description}</p>`}`;
  }
  const fields = Object.entries(properties ?? {}).map(([name, property]): Entry => [
    renderName(name, required.includes(name)),
    renderSchema(property),
  ]);
  return html`${fields.length === 0 && describeType(schema)}
${description && html`<p>${description}</p>`}
${example !== undefined && html`<p>Example: <code>${JSON.stringify(example)}</code></p>`}
${fields.length > 0 && renderList(fields)}`;
}

function describeType(schema: Schema): string {
  const { type, format, minLength, maxLength, minimum, maximum, prefixItems } = schema;
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(", ");
  if (prefixItems !== undefined) return `[${prefixItems.map(describeType).join(", ")}]`;
  return [
    format ?? [type].flat().join(" or "),
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && `to ${maximum}`,
    maxLength !== undefined && `of ${minLength ?? 0} to ${maxLength} characters`,
  ].filter(Boolean).join(" ");
}

/** Writes the name of a field or parameter. */
export function renderName(name: string, required: boolean): Html {
  return html`<code>${name}</code> <span class="quiet">${!required && "optional"}</span>`;
}

/** Writes terms and their descriptions. */
export function renderList(entries: readonly Entry[]): Html {
  const items = entries.map(([term, description]) =>
    html`
      <dt>${term}</dt>
      <dd>${description}</dd>
    `
  );
  return html`<dl>${items}</dl>`;
}
