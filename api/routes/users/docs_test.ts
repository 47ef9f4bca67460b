// The section about users in docs/http.md, compared with the routes and their schemas.

import { assertEquals } from "@std/assert";
import { EnrolledTemplateSchema, UserSchema } from "../../../shared/contract/users.ts";
import { readTables } from "../../../tests/support/markdown_table.ts";
import { codeBlocks } from "../../../tests/support/readme_commands.ts";
import { fakeAccess } from "../../callers/fake_access.ts";
import { createFakeApp } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";

const SECTION = (await Deno.readTextFile("docs/http.md")).split(/^## /m)
  .find((section) => section.startsWith("Users\n"))!;

Deno.test("docs/http.md lists every route of users, with its scopes", async () => {
  const access = fakeAccess({ keys: [] });
  const { call } = createFakeApp({ gallery: new FakeGallery(), access });
  const { paths } = await (await call("/openapi.json")).json();
  const expected = Object.entries<Record<string, { security: Record<string, unknown>[] }>>(paths)
    .filter(([path]) => path.startsWith("/users"))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => {
        const scopes = security.flatMap(({ bearer }) => bearer as string[]);
        return `${method.toUpperCase()} ${path}: ${scopes.join(" or ")}`;
      })
    );
  const [table] = readTables(SECTION);
  const listed = table!.rows.map(([request, scopes]) => `${request}: ${scopes}`.replaceAll("`", ""))
    .filter((row) => !row.includes("force=true"))
    .map((row) => row.replace(/\?[^:]*/, ""));
  assertEquals(listed.toSorted(), expected.toSorted());
});

Deno.test("the answers in docs/http.md have the form of real answers", () => {
  const [user, template, ...others] = codeBlocks(SECTION, "json").map((text) => JSON.parse(text));
  assertEquals(UserSchema.parse(user), user);
  assertEquals(EnrolledTemplateSchema.parse(template), template);
  assertEquals(others, []);
});
