import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  UserPageSchema,
  UserSchema,
  UserWithTemplatesSchema,
} from "../../../shared/contract/users.ts";
import { fakeAccess, fakeKey } from "../../callers/fake_access.ts";
import { assertProblem, createFakeApp, type FakeAppOptions, stalledBody } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import { embedding } from "../../recognition/fake_worker_client.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

function setUp(options: FakeAppOptions = {}) {
  const gallery = new FakeGallery();
  const made = createFakeApp({ gallery, ...options });
  const put = (path: string, body: unknown, headers: Record<string, string> = JSON_TYPE) =>
    made.call(path, {
      method: "PUT",
      headers,
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  return { ...made, gallery, put };
}

Deno.test("a user is created, replaced, read, exported and deleted", async () => {
  const { call, put } = setUp();
  const fields = {
    name: "User One",
    consent_ref: "consent-1",
    expires_at: "2030-01-31T12:00:00Z",
  };
  const created = await put("/users/user1", fields);
  assertEquals(created.status, 201);
  const user = UserSchema.parse(await created.json());
  assertEquals([user.user_id, user.consent_ref], ["user1", "consent-1"]);
  const replaced = await put("/users/user1", { name: "User One" });
  assertEquals(replaced.status, 200);
  assertEquals((await replaced.json()).consent_ref, null);

  const { templates, ...read } = UserWithTemplatesSchema.parse(
    await (await call("/users/user1")).json(),
  );
  assertEquals([read.name, templates], ["User One", []]);
  const exported = await (await call("/users/user1/export")).json();
  assertEquals([exported.collection, exported.user_id], ["default", "user1"]);

  for (let time = 0; time < 2; time++) {
    const deleted = await call("/users/user1", { method: "DELETE" });
    assertEquals([deleted.status, await deleted.text()], [204, ""]);
  }
  await assertProblem(await call("/users/user1"), "user_not_found");
  await assertProblem(await call("/users/user1/export"), "user_not_found");
});

Deno.test("with If-None-Match: *, PUT creates a user and replaces nobody", async () => {
  const { call, put, gallery } = setUp();
  const onlyNew = { ...JSON_TYPE, "If-None-Match": "*" };
  assertEquals((await put("/users/Rene%CC%81", { name: "First" }, onlyNew)).status, 201);
  for (const name of ["Second", "First"]) {
    await assertProblem(await put("/users/Ren%C3%A9", { name }, onlyNew), "user_exists");
  }
  assertEquals((await (await call("/users/Ren%C3%A9")).json()).name, "First");
  const calls = gallery.calls.length;
  for (const tag of ['"1"', 'W/"1"', "*, *", "", '"*"']) {
    const wrong = { ...JSON_TYPE, "If-None-Match": tag };
    await assertProblem(await put("/users/user2", { name: "N" }, wrong), "invalid_request");
  }
  assertEquals(gallery.calls.length, calls);
});

Deno.test("a key that may only enrol learns no more from user_exists than from 200 and 201", async () => {
  const enrol = fakeKey(["enrol"]), other = fakeKey(["enrol"], { collection: "other" });
  const { put } = setUp({ access: fakeAccess({ keys: [enrol.entry, other.entry] }) });
  const as = ({ text }: { text: string }, onlyNew: boolean) => ({
    ...JSON_TYPE,
    Authorization: `Bearer ${text}`,
    ...onlyNew && { "If-None-Match": "*" },
  });
  assertEquals((await put("/users/user1", { name: "N" }, as(enrol, true))).status, 201);
  await assertProblem(await put("/users/user1", { name: "N" }, as(enrol, true)), "user_exists");
  assertEquals((await put("/users/user1", { name: "N" }, as(enrol, false))).status, 200);
  // Nothing about another collection.
  assertEquals((await put("/users/user1", { name: "N" }, as(other, true))).status, 201);
});

Deno.test("a key that may only enrol lets no user expire earlier, which would delete the user", async () => {
  const enrol = fakeKey(["enrol"]), both = fakeKey(["enrol", "admin"]);
  const { put } = setUp({ access: fakeAccess({ keys: [enrol.entry, both.entry] }) });
  const as = ({ text }: { text: string }) => ({ ...JSON_TYPE, Authorization: `Bearer ${text}` });
  const until = (year: number) => ({ name: "N", expires_at: `${year}-01-31T12:00:00Z` });
  assertEquals((await put("/users/user1", until(2040), as(enrol))).status, 201);
  assertEquals((await put("/users/user1", until(2041), as(enrol))).status, 200);
  const refused = await put("/users/user1", until(2040), as(enrol));
  assertStringIncludes(refused.headers.get("WWW-Authenticate") ?? "", 'scope="admin"');
  await assertProblem(refused, "forbidden_scope");
  assertEquals((await put("/users/user1", until(2040), as(both))).status, 200);
  assertEquals((await put("/users/user1", { name: "N" }, as(enrol))).status, 200);
  await assertProblem(await put("/users/user1", until(2041), as(enrol)), "forbidden_scope");
});

Deno.test("a user_id in a path may be any text, percent-encoded", async () => {
  const { call, put } = setUp();
  for (
    const userId of [
      "a/b",
      "100%",
      "%2F",
      "用户",
      "a b",
      "a+b",
      "?x=1",
      "#",
      "a;b",
      "export",
      "'\"<",
    ]
  ) {
    const path = `/users/${encodeURIComponent(userId)}`;
    assertEquals((await put(path, { name: "User" })).status, 201, userId);
    assertEquals((await (await call(path)).json()).user_id, userId);
    assertEquals((await (await call(`${path}/export`)).json()).user_id, userId);
    assertEquals((await call(path, { method: "DELETE" })).status, 204);
    await assertProblem(await call(path), "user_not_found");
  }
});

Deno.test("two spellings of the same characters are the same user", async () => {
  const { call, put } = setUp();
  await put("/users/Rene%CC%81", { name: "René" });
  assertEquals((await (await call("/users/Ren%C3%A9")).json()).user_id, "Ren\u00e9");
});

Deno.test("a user_id that no user can have is refused", async () => {
  const { call, gallery } = setUp();
  const control = ["%00", "a%0Ab", "%C2%85"];
  const malformed = ["%", "%zz", "%E0%A4", "%ED%A0%80", "%C3%28", "a%2"];
  for (const part of [...control, ...malformed, "x".repeat(257)]) {
    for (const method of ["GET", "DELETE"]) {
      await assertProblem(await call(`/users/${part}`, { method }), "invalid_request");
    }
    const template = `/users/${part}/templates/t1`;
    await assertProblem(await call(template, { method: "DELETE" }), "invalid_request");
  }
  for (const templateId of ["%", "a%20b", "x".repeat(65), "%C3%A9"]) {
    const path = `/users/user1/templates/${templateId}`;
    await assertProblem(await call(path, { method: "DELETE" }), "invalid_request");
  }
  assertEquals(gallery.calls, []);
});

Deno.test("a user's fields are checked, and each error names the field", async () => {
  const { put, gallery } = setUp();
  for (
    const [body, text] of [
      ["", "JSON"],
      ["[]", "object with name"],
      ["{", "JSON"],
      ['{"name":"a"', "JSON"],
      ["{}", "name must"],
      ['{"name":""}', "name must"],
      ['{"name":"a\\u0000"}', "name must"],
      ['{"name":"\\ud800"}', "name must"],
      [JSON.stringify({ name: "x".repeat(257) }), "name must"],
      ['{"name":1}', '"name" must be a string'],
      ['{"name":"a","name":"a"}', "more than once"],
      ['{"name":"a","user_id":"b"}', "user_id"],
      ['{"name":"a","__proto__":"b"}', "__proto__"],
      ['{"name":"a","consent_ref":""}', "consent_ref must"],
      ['{"name":"a","consent_ref":null}', '"consent_ref" must be a string'],
      ['{"name":"a","expires_at":"tomorrow"}', "expires_at must"],
      ['{"name":"a","expires_at":"2030-01-31T12:00:00"}', "expires_at must"],
      ['{"name":"a","expires_at":"2030-02-31T12:00:00Z"}', "expires_at must"],
    ]
  ) {
    const detail = await assertProblem(await put("/users/user1", body!), "invalid_request");
    assert(detail.includes(text!), `${body}: ${detail}`);
  }
  assertEquals(gallery.calls, []);
});

Deno.test("a user's body must be small, complete and JSON", async () => {
  const { put, call, gallery } = setUp({ limits: { bodyTimeoutMs: 1 } });
  const large = JSON.stringify({ name: "x".repeat(9000) });
  await assertProblem(await put("/users/user1", large), "payload_too_large");
  for (
    const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=b",
    ]
  ) {
    const response = await put("/users/user1", '{"name":"a"}', { "Content-Type": type });
    await assertProblem(response, "unsupported_media_type");
  }
  const compressed = { ...JSON_TYPE, "Content-Encoding": "gzip" };
  await assertProblem(await put("/users/user1", "x", compressed), "unsupported_media_type");
  const stalled = await call("/users/user1", {
    method: "PUT",
    headers: JSON_TYPE,
    body: stalledBody(),
  });
  await assertProblem(stalled, "request_timeout");
  assertEquals(gallery.calls, []);
});

Deno.test("users are listed in pages", async () => {
  const { call, put } = setUp();
  for (const userId of ["c", "a", "b"]) await put(`/users/${userId}`, { name: userId });
  const page = async (query: string) =>
    UserPageSchema.parse(await (await call(`/users${query}`)).json());
  const all = await page("");
  assertEquals(all.users.map(({ user_id }) => user_id), ["a", "b", "c"]);
  assertEquals(all.next_cursor, null);
  const first = await page("?limit=2");
  assertEquals(first.users.length, 2);
  const second = await page(`?limit=2&cursor=${encodeURIComponent(first.next_cursor!)}`);
  assertEquals([second.users[0]!.user_id, second.next_cursor], ["c", null]);
});

Deno.test("a bad limit or cursor is refused", async () => {
  const { call, gallery } = setUp();
  for (const limit of ["0", "1001", "-1", "1.5", "1e2", "0x10", "", "%201", "two"]) {
    const detail = await assertProblem(await call(`/users?limit=${limit}`), "invalid_request");
    assert(detail.includes("limit"), detail);
  }
  assertEquals(gallery.calls, []);
  for (const cursor of ["", "x".repeat(4000), "unknown"]) {
    await assertProblem(await call(`/users?cursor=${cursor}`), "invalid_request");
  }
});

Deno.test("a caller sees only the users of its key's collection", async () => {
  const one = fakeKey(["admin"], { collection: "one" }), two = fakeKey(["admin"]);
  const { call } = setUp({ access: fakeAccess({ keys: [one.entry, two.entry] }) });
  const as = ({ text }: { text: string }) => ({ ...JSON_TYPE, Authorization: `Bearer ${text}` });
  const body = JSON.stringify({ name: "User One" });
  assertEquals((await call("/users/user1", { method: "PUT", headers: as(one), body })).status, 201);
  const list = async (key: { text: string }) =>
    (await (await call("/users", { headers: as(key) })).json()).users.length;
  assertEquals([await list(one), await list(two)], [1, 0]);
  await call("/users/user1", { method: "DELETE", headers: as(two) });
  assertEquals(await list(one), 1);
});

const ROUTES = [
  ["PUT", "/users/user1"],
  ["GET", "/users/user1"],
  ["DELETE", "/users/user1"],
  ["GET", "/users"],
  ["GET", "/users/user1/export"],
  ["POST", "/users/user1/unlock"],
  ["POST", "/users/user1/templates"],
  ["DELETE", "/users/user1/templates/t1"],
] as const;

Deno.test("when the workers hold the gallery, every route of users says so and costs no worker", async () => {
  const { call, pool } = createFakeApp();
  for (const [method, path] of ROUTES) {
    await assertProblem(await call(path, { method }), "gallery_is_static");
  }
  assertEquals(pool.leases, []);
});

Deno.test("while the gallery is away, every route of users answers 503", async () => {
  const { call, post, gallery } = setUp({ workers: [embedding("face 1")] });
  gallery.down = true;
  for (const [method, path] of ROUTES) {
    const response = path.endsWith("templates") ? await post({}, path) : await call(path, {
      method,
      ...method === "PUT" && { headers: JSON_TYPE, body: '{"name":"a"}' },
    });
    await assertProblem(response, "gallery_unavailable");
    assertEquals(response.headers.get("Retry-After"), "2");
  }
});

Deno.test("the log has the pattern of a path, and no user_id", async () => {
  const { call, put, lines } = setUp();
  await put("/users/alice", { name: "Alice" });
  await call("/users/alice");
  await call("/users/alice/export");
  await call("/users/alice", { method: "PATCH" });
  await call("/users/alice/unknown");
  await call("/users/%zz");
  assertEquals(lines.map(({ path }) => path), [
    "/users/:user_id",
    "/users/:user_id",
    "/users/:user_id/export",
    "/users/…",
    "/users/…",
    "/users/:user_id",
  ]);
  assert(!JSON.stringify(lines).toLowerCase().includes("alice"));
});

Deno.test("pages of other sites may not change users, unless their origin is allowed", async () => {
  const origin = "https://app.example.org";
  const { call, gallery } = setUp({ callers: { origins: new Set([origin]) } });
  for (const method of ["PUT", "DELETE"]) {
    const foreign = { ...JSON_TYPE, Origin: "https://evil.example" };
    const body = method === "PUT" ? { body: '{"name":"a"}' } : {};
    const refused = await call("/users/user1", { method, headers: foreign, ...body });
    await assertProblem(refused, "forbidden_origin");
    const preflight = await call("/users/user1", {
      method: "OPTIONS",
      headers: { Origin: origin, "Access-Control-Request-Method": method },
    });
    assertEquals(preflight.status, 204);
    const methods = preflight.headers.get("Access-Control-Allow-Methods")!.split(", ");
    assert(methods.includes(method), method);
    assertEquals(gallery.calls, []);
  }
  const allowed = await call("/users/user1", { method: "DELETE", headers: { Origin: origin } });
  assertEquals(allowed.status, 204);
  assertEquals(allowed.headers.get("Access-Control-Allow-Origin"), origin);
});
