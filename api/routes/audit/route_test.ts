import { assertEquals } from "@std/assert";
import {
  AUDIT_KINDS,
  AuditPageQuerySchema,
  AuditPageSchema,
} from "../../../shared/contract/audit.ts";
import { readTables } from "../../../tests/support/markdown_table.ts";
import { codeBlocks } from "../../../tests/support/readme_commands.ts";
import { fakeAccess, fakeKey } from "../../callers/fake_access.ts";
import { assertProblem, createFakeApp } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";

Deno.test("the events of the collection of the key are passed on, with the parameters as they are", async () => {
  const key = fakeKey(["audit"], { collection: "tenant" });
  const gallery = new FakeGallery();
  const asked: unknown[] = [];
  const read = gallery.readAudit.bind(gallery);
  gallery.readAudit = (caller, query) => {
    asked.push(query);
    return read(caller, query);
  };
  const { call } = createFakeApp({ gallery, access: fakeAccess({ keys: [key.entry] }) });
  const headers = { Authorization: `Bearer ${key.text}` };
  const response = await call("/audit", { headers });
  const { events } = AuditPageSchema.parse(await response.json());
  assertEquals(events[0]!.key, key.entry.id);
  assertEquals(gallery.calls, [{
    purpose: "read_audit",
    collection: "tenant",
    key: key.entry.id,
  }]);
  // Two spellings of one user_id are one.
  const query = "user_id=Rene%CC%81&kind=export&key=k&from=2026-01-31T12:00:00Z&limit=7";
  assertEquals((await call(`/audit?${query}`, { headers })).status, 200);
  assertEquals(asked, [{ limit: 100 }, {
    user_id: "Ren\u00e9",
    kind: "export",
    key: "k",
    from: "2026-01-31T12:00:00Z",
    limit: 7,
  }]);
});

Deno.test("a wrong parameter is named, and no call is made", async () => {
  const gallery = new FakeGallery();
  const { call } = createFakeApp({ gallery });
  for (
    const [query, detail] of [
      ["limit=0", "limit must be a number from 1 to 1000"],
      ["limit=1e2", "limit must be a number from 1 to 1000"],
      ["kind=login", "kind must be one of the kinds of events"],
      ["from=2026", "from must be a time in UTC, such as 2027-01-31T12:00:00Z"],
      ["to=", "to must be a time in UTC, such as 2027-01-31T12:00:00Z"],
      ["key=", "key must be the id of a key"],
      ["key=a%07", "key must be the id of a key"],
      ["user_id=%00", "user_id must be a text of 1 to 256 characters, without control characters"],
      ["cursor=", "The cursor is not one of an earlier page"],
    ]
  ) {
    const response = await call(`/audit?${query}`);
    assertEquals(await assertProblem(response, "invalid_request"), detail, query);
  }
  assertEquals(gallery.calls, []);
  await assertProblem(await call("/audit?cursor=x"), "invalid_request");
});

Deno.test("workers that hold the gallery keep no audit", async () => {
  const { call } = createFakeApp({});
  await assertProblem(await call("/audit"), "gallery_is_static");
});

Deno.test("docs/http.md has every kind and parameter, and an answer of the form of real ones", async () => {
  const section = (await Deno.readTextFile("docs/http.md")).split(/^## /m)
    .find((section) => section.startsWith("The audit\n"))!;
  const [parameters, kinds] = readTables(section).map(({ rows }) =>
    rows.flatMap(([first]) => first!.replaceAll("`", "").split(", "))
  );
  assertEquals(parameters!.toSorted(), Object.keys(AuditPageQuerySchema.shape).toSorted());
  assertEquals(kinds, [...AUDIT_KINDS]);
  const [answer] = codeBlocks(section, "json").map((text) => JSON.parse(text));
  assertEquals(AuditPageSchema.parse(answer), answer);
});
