import { OpenAPIHono } from "@hono/zod-openapi";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createFakeLog } from "../../shared/fake_log.ts";
import { installService, type ServiceEnv } from "../../shared/http/service.ts";
import css from "../page/page.css" with { type: "text" };
import { addDocs } from "./docs.ts";
import { addOpenApi } from "./openapi.ts";
import { addPage } from "./page.ts";

function setUp(): OpenAPIHono<ServiceEnv> {
  const app = new OpenAPIHono<ServiceEnv>();
  installService(app, { log: createFakeLog().log, now: () => 0, newRequestId: () => "request-1" });
  app.openAPIRegistry.registerComponent("schemas", "<b>", { type: "string", example: "<script>" });
  addDocs(app, addOpenApi(app));
  addPage(app);
  return app;
}

/** The paths that a page or a script names, from where it is. */
function references(text: string, base: string): string[] {
  return [...text.matchAll(/(?:href|src)="([^"#]+)"|^import .* from "(.+)"/gm)]
    .map(([, inHtml, inScript]) => new URL(inHtml ?? inScript!, `http://host${base}`).pathname);
}

Deno.test("the pages and all that they load are there, each with its type", async () => {
  const app = setUp();
  const types: Record<string, string> = {};
  const open = ["/", "/docs"];
  for (const path of open) {
    const response = await app.request(path);
    assertEquals(response.status, 200, path);
    types[path] = response.headers.get("Content-Type")!;
    for (const other of references(await response.text(), path)) {
      if (!open.includes(other)) open.push(other);
    }
  }
  for (const [path, type] of Object.entries(types)) {
    const extension = path.slice(path.lastIndexOf(".") + 1);
    const expected: Record<string, RegExp> = {
      css: /^text\/css; charset=utf-8$/,
      js: /^text\/javascript; charset=utf-8$/,
      svg: /^image\/svg\+xml; charset=utf-8$/,
      json: /^application\/json$/,
    };
    assertMatch(type, expected[extension] ?? /^text\/html; charset=utf-8$/, path);
  }
  assert(open.filter((path) => path.endsWith(".js")).length >= 7, open.join(" "));
});

Deno.test("the pages may load nothing from elsewhere, nor run anything inline", async () => {
  for (const path of ["/", "/docs", "/page/page.js", "/page/icon.svg"]) {
    const { headers } = await setUp().request(path);
    const policy = headers.get("Content-Security-Policy")!;
    assertStringIncludes(policy, "default-src 'none'");
    assert(!/unsafe|https?:|\*|data:/.test(policy), policy);
    assertStringIncludes(headers.get("Permissions-Policy")!, "camera=(self)");
    assertEquals(headers.get("Referrer-Policy"), "no-referrer");
    assertEquals(headers.get("X-Content-Type-Options"), "nosniff");
  }
});

Deno.test("HEAD is answered without a body, other methods are refused", async () => {
  for (const path of ["/", "/docs", "/page/page.js"]) {
    const head = await setUp().request(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const refused = await setUp().request(path, { method });
      assertEquals([refused.status, refused.headers.get("Allow")], [405, "GET, HEAD"]);
    }
  }
});

Deno.test("what the document says is text in /docs, not markup", async () => {
  const page = await (await setUp().request("/docs")).text();
  assertStringIncludes(page, "<code>&lt;b&gt;</code>");
  assertStringIncludes(page, "&lt;script&gt;");
  assert(!page.includes("<script"), "It needs no script");
});

Deno.test("text stands out from its ground as WCAG AA asks, in the light and in the dark", () => {
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

/** WCAG 2's contrast ratio of two colours, #rrggbb. */
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
