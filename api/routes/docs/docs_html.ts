/**
 * Writes an OpenAPI document as an HTML page. It supports the parts of OpenAPI that the document of
 * this service uses. docs/adr/0014-docs-page.md explains why the project uses no existing viewer.
 */

import { html } from "hono/html";
import type { OpenApiDocument } from "../openapi.ts";
import {
  type Entry,
  type Html,
  renderList,
  renderName,
  renderSchema,
  type Schema,
} from "./schema_html.ts";

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface OperationResponse {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description: string }>>;
  readonly content?: Content;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  /** Alternatives: an object without a property means that no key is needed. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly responses: Readonly<Record<string, OperationResponse>>;
}

/** Returns the page. */
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
  const { summary, description, parameters = [], requestBody, security = [], responses } =
    operation;
  return html`<section>
<h2><code>${name}</code></h2>
<p>${summary}. ${description}</p>
<p>${describeSecurity(security)}.</p>
${renderParameters("Path", parameters.filter((parameter) => parameter.in === "path"))}
${renderParameters("Query", parameters.filter((parameter) => parameter.in === "query"))}
${requestBody && html`<h3>Body</h3>${renderContent(requestBody.content)}`}
<h3>Responses</h3>
${
    renderList(
      Object.entries(responses).map(([status, response]) => [status, renderResponse(response)]),
    )
  }
</section>`;
}

function describeSecurity(security: NonNullable<Operation["security"]>): string {
  const isOpen = security.every((alternative) => Object.keys(alternative).length === 0);
  if (isOpen) return "Needs no key";
  const scopes = security.flatMap((alternative) => Object.values(alternative).flat());
  const needs = `a key with the scope ${scopes.join(" or ")}`;
  const isOptional = security.some((alternative) => Object.keys(alternative).length === 0);
  return isOptional ? `Needs no key here; elsewhere ${needs}` : `Needs ${needs}`;
}

function renderParameters(
  title: string,
  parameters: NonNullable<Operation["parameters"]>,
): Html | undefined {
  if (parameters.length === 0) return undefined;
  const entries = parameters.map(({ name, required, schema }): Entry => [
    renderName(name, required),
    renderSchema(schema),
  ]);
  return html`<h3>${title}</h3>${renderList(entries)}`;
}

function renderResponse({ description, headers = {}, content = {} }: OperationResponse): Html {
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
