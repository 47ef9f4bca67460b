import { OpenAPIHono } from "@hono/zod-openapi";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fakeAccess, openAccess } from "../callers/fake_access.ts";
import { assertProblem, createFakeApp } from "../fake_app.ts";
import { IMAGE_TYPES, PICTURE_FORMATS } from "../../shared/contract/image_type.ts";
import type { ServiceEnv } from "../../shared/http/service.ts";
import css from "../page/page.css" with { type: "text" };
import { addDocs } from "./docs/route.ts";
import { addOpenApi } from "./openapi.ts";

/** Opens the pages and every file that they load or link to. */
async function* browse(): AsyncGenerator<[path: string, response: Response]> {
  const { call } = createFakeApp();
  const paths = ["/", "/docs"];
  for (const path of paths) {
    const response = await call(path);
    for (const other of references(await response.clone().text(), path)) {
      if (!paths.includes(other)) paths.push(other);
    }
    yield [path, response];
  }
}

/** Returns the paths that the page or script at `base` loads or links to. */
function references(text: string, base: string): string[] {
  return [...text.matchAll(/(?:href|src)="([^"#]+)"|^import .* from "(.+)"/gm)]
    .map(([, inHtml, inScript]) => new URL(inHtml ?? inScript!, `http://host${base}`).pathname);
}

Deno.test("the pages and all files that they load exist, with the right Content-Type", async () => {
  const expected: Record<string, RegExp> = {
    css: /^text\/css; charset=utf-8$/,
    js: /^text\/javascript; charset=utf-8$/,
    svg: /^image\/svg\+xml; charset=utf-8$/,
    json: /^application\/json$/,
  };
  let scripts = 0;
  for await (const [path, response] of browse()) {
    assertEquals(response.status, 200, path);
    const extension = path.slice(path.lastIndexOf(".") + 1);
    const type = expected[extension] ?? /^text\/html; charset=utf-8$/;
    assertMatch(response.headers.get("Content-Type")!, type, path);
    if (extension === "js") scripts++;
  }
  assert(scripts >= 23, String(scripts));
});

Deno.test("the page offers every picture format that the service accepts", async () => {
  const { call } = createFakeApp();
  const page = await (await call("/")).text();
  assertStringIncludes(page, `accept="${IMAGE_TYPES.join(",")}"`);
  assertStringIncludes(page, PICTURE_FORMATS);
});

Deno.test("the pages load files only from the service and run no inline scripts", async () => {
  for await (const [path, { headers }] of browse()) {
    if (path === "/openapi.json") continue;
    const policy = headers.get("Content-Security-Policy")!;
    assertStringIncludes(policy, "default-src 'none'");
    assertStringIncludes(policy, "require-trusted-types-for 'script'");
    assert(!/unsafe|https?:|\*|data:/.test(policy), policy);
    assertStringIncludes(headers.get("Permissions-Policy")!, "camera=(self)");
    assertEquals(headers.get("Referrer-Policy"), "no-referrer");
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff");
  }
});

Deno.test("HEAD gets no body, and methods other than GET and HEAD are refused", async () => {
  const { call } = createFakeApp();
  for await (const [path] of browse()) {
    const head = await call(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const refused = await call(path, { method });
      assertEquals(refused.headers.get("Allow"), "GET, HEAD");
      await assertProblem(refused, "method_not_allowed");
    }
  }
});

Deno.test("/docs shows every operation, status, code, field and header", async () => {
  const { call } = createFakeApp();
  const document = await (await call("/openapi.json")).json();
  const page = await (await call("/docs")).text();
  for (const [path, operations] of Object.entries<Record<string, Operation>>(document.paths)) {
    for (const [method, { summary, responses }] of Object.entries(operations)) {
      assertStringIncludes(page, `<h2><code>${method.toUpperCase()} ${path}</code></h2>`);
      assertStringIncludes(page, summary);
      for (const [status, { description, headers = {} }] of Object.entries(responses)) {
        assertStringIncludes(page, `<dt>${status}</dt>`);
        assertStringIncludes(page, description);
        for (const name of Object.keys(headers)) assertStringIncludes(page, `<code>${name}</code>`);
      }
    }
  }
  const { schemas } = document.components;
  for (const code of schemas.Problem.properties.code.enum) assertStringIncludes(page, code);
  for (const [name, { properties = {} }] of Object.entries<Schema>(schemas)) {
    assertStringIncludes(page, `<section id="${name}">`);
    for (const field of Object.keys(properties)) {
      assertStringIncludes(page, `<code>${field}</code>`);
    }
  }
});

interface Operation {
  readonly summary: string;
  readonly responses: Record<string, { readonly description: string; readonly headers?: object }>;
}

interface Schema {
  readonly properties?: object;
}

Deno.test("/docs says which scopes an operation needs", async () => {
  for (
    const [access, text] of [
      [openAccess(), "Needs no key here; elsewhere a key with the scope verify or authenticate."],
      [fakeAccess({ keys: [] }), "Needs a key with the scope verify or authenticate."],
    ] as const
  ) {
    const page = await (await createFakeApp({ access }).call("/docs")).text();
    assertEquals(page.split(`<p>${text}</p>`).length, 2);
    assertEquals(page.split("<p>Needs no key.</p>").length, 4);
  }
});

Deno.test("/docs shows text of the document as text, not as markup", async () => {
  const app = new OpenAPIHono<ServiceEnv>();
  app.openAPIRegistry.registerComponent("schemas", "<b>", { type: "string", example: "<script>" });
  addDocs(app, addOpenApi(app));
  const page = await (await app.request("/docs")).text();
  assertStringIncludes(page, "<code>&lt;b&gt;</code>");
  assertStringIncludes(page, "&lt;script&gt;");
  assert(!page.includes("<script"), "The page has a script");
});

Deno.test("text has the contrast of WCAG AA, in the light and the dark scheme", () => {
  const [light, dark] = [...css.matchAll(/:root \{(.*?)\}/gs)].map(([, block]) =>
    Object.fromEntries([...block!.matchAll(/--([\w-]+): (#\w{6});/g)].map(([, n, c]) => [n, c!]))
  );
  for (const colors of [light!, dark!]) {
    for (const ground of ["ground", "surface"]) {
      for (const text of ["ink", "quiet", "accent", "good", "bad"]) {
        const ratio = contrast(colors[text]!, colors[ground]!);
        assert(ratio >= 4.5, `${text} on ${ground}: ${ratio}`);
      }
    }
    assert(contrast(colors["on-accent"]!, colors["accent"]!) >= 4.5, "a button's text");
    assert(contrast(colors["edge"]!, colors["surface"]!) >= 3, "a control's edge");
  }
});

/** Returns the contrast ratio of two colours (#rrggbb) as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(color: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}
