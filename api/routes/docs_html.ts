/** Writes an OpenAPI document as a page: as much of OpenAPI as this service's document uses. */

import { html } from "hono/html";
import type { OpenApiDocument } from "./openapi.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
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
  readonly prefixItems?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string }>>;
  readonly content?: Content;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

type Html = ReturnType<typeof html>;
type Entry = readonly [term: Html | string, value: Html];

/** The page, in HTML. */
export function renderDocs(document: OpenApiDocument): string {
  const { info, paths = {}, components = {} } = document;
  const operations = Object.entries(paths as Record<string, Record<string, Operation>>)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) =>
        renderOperation(`${method.toUpperCase()} ${path}`, operation)
      )
    );
  const schemas = Object.entries(components.schemas as Record<string, Schema>).map((
    [name, schema],
  ) => html`<section id="${name}"><h3><code>${name}</code></h3>${renderSchema(schema)}</section>`);
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${info.title}: HTTP API</title>
        <link rel="icon" href="page/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="page/page.css">
        <link rel="stylesheet" href="page/docs.css">
      </head>
      <body>
        <header>
          <img src="page/icon.svg" alt="" width="28" height="28">
          <span>${info.title} ${info.version}</span>
          <nav><a href="./">Try it</a></nav>
        </header>
        <main>
          <h1>HTTP API</h1>
          <p class="lead">
            ${info.description}. For programs: <a href="openapi.json">openapi.json</a>
          </p>
          ${operations}
          <h2>Schemas</h2>
          ${schemas}
        </main>
      </body>
    </html>
  `.toString();
}

function renderOperation(name: string, operation: Operation): Html {
  const { summary, description, parameters = [], requestBody, responses } = operation;
  return html`<section>
<h2><code>${name}</code></h2>
<p>${summary}. ${description}</p>
${parameters.length > 0 && html`<h3>Query</h3>${renderParameters(parameters)}`}
${requestBody && html`<h3>Body</h3>${renderContent(requestBody.content)}`}
<h3>Answers</h3>
${renderList(Object.entries(responses).map(([status, answer]) => [status, renderAnswer(answer)]))}
</section>`;
}

function renderParameters(parameters: NonNullable<Operation["parameters"]>): Html {
  return renderList(parameters.map(({ name, required, schema }) => [
    renderName(name, required),
    renderSchema(schema),
  ]));
}

function renderAnswer({ description, headers = {}, content = {} }: Answer): Html {
  return html`${description}${
    Object.entries(headers).map(([name, header]) =>
      html`<p><code>${name}</code>: ${header.description}</p>`
    )
  }${renderContent(content)}`;
}

function renderContent(content: Content): Html {
  return renderList(
    Object.entries(content).map(([type, { schema = {} }]) => [type, renderSchema(schema)]),
  );
}

function renderSchema(schema: Schema): Html {
  const { $ref, oneOf, properties, required = [], description, example } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#${name}"><code>${name}</code></a>`;
  }
  if (oneOf !== undefined) {
    return html`${oneOf.map((one, i) => html`${i > 0 && " or "}${renderSchema(one)}`)}`;
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
    format ?? type,
    minimum !== undefined && `from ${minimum}`,
    maximum !== undefined && `to ${maximum}`,
    maxLength !== undefined && `of ${minLength ?? 0} to ${maxLength} characters`,
  ].filter(Boolean).join(" ");
}

function renderName(name: string, required: boolean): Html {
  return html`<code>${name}</code> <span class="quiet">${!required && "optional"}</span>`;
}

function renderList(entries: readonly Entry[]): Html {
  const items = entries.map(([term, value]) =>
    html`
      <dt>${term}</dt>
      <dd>${value}</dd>
    `
  );
  return html`<dl>${items}</dl>`;
}
