// Tests of users and templates, through the app.

import { assert, assertEquals } from "@std/assert";
import {
  GalleryExportSchema,
  GalleryModelsSchema,
  GalleryUserSchema,
  TemplateSchema,
  UserPageSchema,
  UserSchema,
} from "../shared/contract/users.ts";
import { MODEL_MANIFEST } from "../models/manifest.ts";
import { CALLS, type FakeCall } from "./fake_caller.ts";
import { face, faceNear, MODEL, photo } from "./fake_faces.ts";
import { type FakeReplica, installFake, START_MS } from "./fake_gallery.ts";

const START = new Date(START_MS).toISOString();
const put = (userId: string, fields: unknown = { name: userId }) => CALLS.putUser(userId, fields);
const add = (userId: string, embedding: Float32Array, number: number, force?: boolean) =>
  CALLS.addTemplate(userId, embedding, { ...photo(number), ...(force && { force }) });

async function statusAndCode({ call }: FakeReplica, made: FakeCall): Promise<[number, unknown]> {
  const { status, body } = await call(made);
  return [status, body?.code];
}

Deno.test("PUT creates a user, and replaces all its fields", async () => {
  await using installation = await installFake();
  const { clock } = installation;
  const replica = await installation.replica();
  const full = {
    name: "Zoë",
    consent_ref: "consent-1",
    expires_at: "2027-01-31T12:00:00Z",
  };
  const created = await replica.call(put("user1", full));
  assertEquals(created.status, 201);
  const user = UserSchema.parse(created.body);
  assertEquals(user, {
    user_id: "user1",
    name: "Zoë",
    consent_ref: "consent-1",
    expires_at: "2027-01-31T12:00:00.000Z",
    created_at: START,
    updated_at: START,
    last_seen_at: null,
    templates: 0,
  });
  await replica.call(add("user1", face(0), 0));
  clock.now += 1000;
  // The same again changes nothing.
  assertEquals((await replica.call(put("user1", full))).body, { ...user, templates: 1 });
  const replaced = await replica.call(put("user1", { name: "Z" }));
  assertEquals([replaced.status, replaced.body], [200, {
    ...user,
    name: "Z",
    consent_ref: null,
    expires_at: null,
    updated_at: new Date(START_MS + 1000).toISOString(),
    templates: 1,
  }]);
});

Deno.test("a PUT that may only create changes no user who is there", async () => {
  await using installation = await installFake();
  const [one, two] = [await installation.replica(), await installation.replica()];
  const create = (name: string, collection?: string) =>
    CALLS.putUser("user1", { name }, collection, true);
  const created = await one.call(create("First"));
  assertEquals([created.status, created.body.name], [201, "First"]);
  // Also with the same fields: the caller is told that it has created nobody.
  for (const name of ["Second", "First"]) {
    assertEquals(await statusAndCode(two, create(name)), [412, "user_exists"]);
  }
  assertEquals((await two.call(CALLS.about("get_user", "user1"))).body.name, "First");
  assertEquals((await one.call(create("Second", "other"))).status, 201);
  await one.call(CALLS.about("delete_user", "user1"));
  assertEquals((await two.call(create("Second"))).status, 201);
});

Deno.test("without the right to do so, a call lets no user expire earlier", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  const { may_shorten: _, ...claims } =
    put("user1", { name: "N", expires_at: "2027-01-31T12:00:00Z" }).claims;
  const sooner = put("user1", { name: "N", expires_at: "2027-01-31T12:00:00Z" });
  await replica.call(put("user1"));
  assertEquals(await statusAndCode(replica, { ...sooner, claims }), [403, "forbidden_scope"]);
  const read = CALLS.about("get_user", "user1");
  assertEquals((await replica.call(read)).body.expires_at, null);
  assertEquals(await statusAndCode(replica, sooner), [200, undefined]);
});

Deno.test("a body that is not a user is refused, and quoted nowhere", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  const wrong: unknown[] = [
    ...[null, [], "secret", 1, {}, { name: "" }, { name: 1 }, { name: "a\nsecret" }],
    ...[{ name: "a".repeat(257) }, { name: "a\ud800" }, { name: "a", secret: 1 }],
    ...[{ name: "a", consent_ref: null }, { name: "a", consent_ref: "" }],
    ...[{ name: "a", expires_at: "tomorrow" }, { name: "a", expires_at: "2026-02-30T00:00:00Z" }],
    ...[{ name: "a", expires_at: START }, { name: "a", expires_at: "2020-01-01T00:00:00Z" }],
    { name: "a", expires_at: 1 },
  ];
  for (const fields of wrong) {
    const { status, body } = await replica.call(put("user1", fields));
    assertEquals([status, body.code], [400, "invalid_request"], JSON.stringify(fields));
    assert(!body.detail.includes("secret"), body.detail);
  }
  for (const text of ['{"name":', "\xff", "", "{}{}"]) {
    const call = put("user1");
    const body = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
    const claims = { ...call.claims, body_sha256: hash };
    assertEquals(await statusAndCode(replica, { ...call, body, claims }), [400, "invalid_request"]);
  }
  const long = put("user1", { name: "a", consent_ref: "\\".repeat(9000) });
  assertEquals(await statusAndCode(replica, long), [413, "payload_too_large"]);
  const longest = put("user1", { name: "\u0e00".repeat(256), consent_ref: "日".repeat(256) });
  assertEquals(await statusAndCode(replica, longest), [201, undefined]);
});

Deno.test("a user is listed, shown and exported with its templates, without embeddings", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  for (const id of ["c", "a", "b"]) await replica.call(put(id));
  const { body: template } = await replica.call(add("b", face(0), 0));
  assertEquals(TemplateSchema.parse(template), {
    template_id: template.template_id,
    model: MODEL,
    created_at: START,
  });
  await replica.call(CALLS.decide(face(0), { model: MODEL }));
  const { body } = await replica.call(CALLS.about("get_user", "b"));
  const user = GalleryUserSchema.parse(body);
  assertEquals([user.templates, user.last_seen_at], [[template], START]);
  const { body: exported } = await replica.call(CALLS.about("export_user", "b"));
  assertEquals(GalleryExportSchema.parse(exported), { collection: "default", ...user });

  const ids: string[] = [];
  let query = "?limit=2";
  for (let pages = 0; pages < 2; pages++) {
    const { body } = await replica.call(CALLS.list(query));
    const page = UserPageSchema.parse(body);
    ids.push(...page.users.map(({ user_id }) => user_id));
    query = `?limit=2&cursor=${encodeURIComponent(page.next_cursor ?? "")}`;
  }
  assertEquals(ids, ["a", "b", "c"]);
  const { body: other } = await replica.call(CALLS.list("", "other"));
  assertEquals(other, { users: [], next_cursor: null });
  for (const bad of ["?cursor=%", "?cursor=abc", "?limit=0", "?limit=1001", "?limit=x", "?x=1"]) {
    assertEquals(await statusAndCode(replica, CALLS.list(bad)), [400, "invalid_request"], bad);
  }
});

Deno.test("what does not exist is not found; deleting it twice is the same as once", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  for (const purpose of ["get_user", "export_user"] as const) {
    assertEquals(await statusAndCode(replica, CALLS.about(purpose, "user1")), [
      404,
      "user_not_found",
    ]);
  }
  assertEquals(await statusAndCode(replica, add("user1", face(0), 0)), [404, "user_not_found"]);
  for (let i = 0; i < 2; i++) {
    assertEquals(await statusAndCode(replica, CALLS.deleteTemplate("user1", "x")), [
      204,
      undefined,
    ]);
    assertEquals(await statusAndCode(replica, CALLS.about("delete_user", "user1")), [
      204,
      undefined,
    ]);
  }
  await replica.call(put("user1"));
  const { body: { template_id } } = await replica.call(add("user1", face(0), 0));
  const remove = CALLS.deleteTemplate("user1", template_id);
  // Another user's path does not delete it.
  assertEquals((await replica.call(CALLS.deleteTemplate("user2", template_id))).status, 204);
  const decision = CALLS.decide(face(0), { model: MODEL });
  assertEquals((await replica.call(decision)).body.matched, true);
  for (let i = 0; i < 2; i++) assertEquals((await replica.call(remove)).status, 204);
  assertEquals((await replica.call(decision)).body, { matched: false });
});

Deno.test("the same photo makes one template", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await replica.call(put("user1"));
  const first = await replica.call(add("user1", face(0), 0));
  const second = await replica.call(add("user1", face(0), 0));
  assertEquals([first.status, second.status], [201, 200]);
  assertEquals(second.body, first.body);
  assertEquals((await replica.call(add("user1", face(0), 1))).status, 201);
  // Also when the face would now be refused, by a replica that knows the user or does not yet.
  await replica.call(put("user2"));
  await replica.call(add("user2", face(0), 2, true));
  for (const each of [replica, await installation.replica()]) {
    assertEquals((await each.call(add("user1", face(0), 0))).status, 200);
  }
});

Deno.test("a face unlike the user's others is refused, also by force", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await replica.call(put("user1"));
  await replica.call(add("user1", face(0), 0));
  const refused = [422, "not_the_same_person"] as const;
  for (const force of [false, true]) {
    const unlike = add("user1", faceNear({ 0: 0.29 }), 1, force);
    assertEquals(await statusAndCode(replica, unlike), [...refused]);
  }
  assertEquals((await replica.call(add("user1", faceNear({ 0: 0.31 }), 2))).status, 201);
  // Without the user's templates of the model, there is nothing to compare with.
  const otherModel = { ...photo(3), model: "cd".repeat(32) };
  assertEquals((await replica.call(CALLS.addTemplate("user1", face(9), otherModel))).status, 201);
});

Deno.test("a face that matches another user is refused, unless it is forced", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  for (const id of ["user1", "user2", "user3"]) await replica.call(put(id));
  await replica.call(add("user1", face(0), 0));
  const refused: [number, string] = [422, "belongs_to_another_user"];
  assertEquals(await statusAndCode(replica, add("user2", faceNear({ 0: 0.51 }), 1)), refused);
  assertEquals((await replica.call(add("user2", faceNear({ 0: 0.49, 5: 0.8 }), 2))).status, 201);
  // Nearer to its own user than to another one, but the other one matches, too.
  const both = faceNear({ 0: 0.52, 5: 0.8 });
  assertEquals(await statusAndCode(replica, add("user2", both, 3)), refused);
  assertEquals(await statusAndCode(replica, add("user2", both, 3, true)), [201, undefined]);
  // Two others match.
  assertEquals(await statusAndCode(replica, add("user3", both, 4)), refused);
  // Another collection has other users.
  await replica.call(CALLS.putUser("user1", { name: "N" }, "other"));
  const elsewhere = { ...photo(0), collection: "other" };
  assertEquals((await replica.call(CALLS.addTemplate("user1", face(0), elsewhere))).status, 201);
});

Deno.test("of many calls that enrol one face at the same time, one user gets it", async () => {
  await using installation = await installFake();
  const replicas = [await installation.replica(), await installation.replica()] as const;
  const users = Array.from({ length: 24 }, (_, i) => `user${i}`);
  for (const id of users) await replicas[0].call(put(id));
  const answers = await Promise.all(
    users.map((id, i) => statusAndCode(replicas[i % 2]!, add(id, face(0), i))),
  );
  const counts = Map.groupBy(answers, ([status, code]) => `${status} ${code}`);
  assertEquals(counts.get("201 undefined")?.length, 1);
  assertEquals(counts.get("422 belongs_to_another_user")?.length, users.length - 1);
});

Deno.test("a face is not enrolled for another person who has got the same user_id", async () => {
  await using installation = await installFake();
  const { clock, store } = installation;
  const b = await installation.replica();
  const a = await installation.replica({
    async addTemplate(...args) {
      clock.now += 1;
      await b.call(CALLS.about("delete_user", "eve"));
      await b.call(put("eve", { name: "New person" }));
      return await store.addTemplate(...args);
    },
  });
  await a.call(put("eve", { name: "Old person" }));
  assertEquals(await statusAndCode(a, add("eve", face(0), 0)), [404, "user_not_found"]);
  assertEquals((await a.call(CALLS.decide(face(0), { model: MODEL }))).body, { matched: false });
});

Deno.test("a change that waits is not made after its call was answered", async () => {
  await using installation = await installFake({ answerTimeoutMs: 20 });
  const replica = await installation.replica();
  await replica.call(put("ada"));
  const waiting = [
    put("bob"),
    CALLS.about("delete_user", "ada"),
    add("ada", face(0), 0),
    CALLS.deleteTemplate("ada", "0"),
  ];
  await replica.gallery.changes.take(1000);
  for (const call of waiting) {
    assertEquals(await statusAndCode(replica, call), [503, "gallery_unavailable"]);
  }
  replica.gallery.changes.release();
  await replica.gallery.changes.take(1000);
  assertEquals(
    await installation.store.listTemplates({ collection: "default", userId: "ada" }),
    [],
  );
  assertEquals((await replica.call(CALLS.list())).body.users.length, 1);
});

Deno.test("a face is free as soon as its user is deleted, also by another replica", async () => {
  await using installation = await installFake();
  const a = await installation.replica(), b = await installation.replica();
  for (const id of ["user1", "user2"]) await a.call(put(id));
  const { body: { template_id } } = await a.call(add("user1", face(0), 0));
  await b.call(put("user3"));
  const taken: [number, string] = [422, "belongs_to_another_user"];
  assertEquals(await statusAndCode(b, add("user2", face(0), 1)), taken);
  await a.call(CALLS.about("delete_user", "user1"));
  assertEquals(await statusAndCode(b, add("user2", face(0), 1)), [201, undefined]);
  // Also the user's own face.
  await a.call(put("user1"));
  const own = await a.call(add("user1", face(1), 0));
  assertEquals(own.status, 201);
  assertEquals(await statusAndCode(b, add("user1", face(2), 2)), [422, "not_the_same_person"]);
  await a.call(CALLS.deleteTemplate("user1", own.body.template_id));
  assertEquals(await statusAndCode(b, add("user1", face(2), 2)), [201, undefined]);
  assert(template_id !== own.body.template_id);
});

Deno.test("a replica that changes users all the time keeps nobody else from enrolling", async () => {
  await using installation = await installFake();
  const { store } = installation;
  let count = 0;
  const replica = await installation.replica({
    async addTemplate(key, template, checked) {
      await store.putUser({ collection: "default", userId: "other" }, { name: `${count++}` });
      return await store.addTemplate(key, template, checked);
    },
  });
  await replica.call(put("user1"));
  assertEquals((await replica.call(add("user1", face(0), 0))).status, 201);
  assertEquals(count, 1);
});

Deno.test("many calls that enrol different faces at the same time all succeed", async () => {
  await using installation = await installFake();
  const replicas = [await installation.replica(), await installation.replica()] as const;
  const users = Array.from({ length: 24 }, (_, i) => `user${i}`);
  for (const id of users) await replicas[0].call(put(id));
  const answers = await Promise.all(
    users.map((id, i) => statusAndCode(replicas[i % 2]!, add(id, face(i), i))),
  );
  assertEquals(answers.filter(([status]) => status !== 201), []);
});

Deno.test("a user has a limited number of templates", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await replica.call(put("user1"));
  for (let i = 0; i < 20; i++) {
    assertEquals((await replica.call(add("user1", face(0), i))).status, 201);
  }
  assertEquals(await statusAndCode(replica, add("user1", face(0), 20)), [
    409,
    "too_many_templates",
  ]);
  assertEquals((await replica.call(add("user1", face(0), 3))).status, 200);
});

Deno.test("the rule of a match and the models of a collection are described", async () => {
  const known = MODEL_MANIFEST.models.recognition.small;
  await using installation = await installFake({ match: { on: "confidence", threshold: 0.7 } });
  const replica = await installation.replica();
  const { body: empty } = await replica.call(CALLS.describe());
  assertEquals(GalleryModelsSchema.parse(empty), {
    match: null,
    calibration: null,
    templates: [],
    requires_consent: false,
  });
  const { body: asked } = await replica.call(CALLS.describe({ model: known.sha256 }));
  const described = GalleryModelsSchema.parse(asked);
  assertEquals([described.match?.on, described.match?.threshold], ["confidence", 0.7]);
  assert(described.match!.cosine! > 0.2 && described.match!.cosine! < 0.7, `${described.match}`);
  assertEquals(described.calibration, {
    fitted_mean_cosine: known.calibration.fitted_mean_cosine,
    fitted_dimension: known.calibration.fitted_dimension,
  });
  await replica.call(put("user1"));
  const embedding = new Float32Array(known.dimension);
  embedding[0] = 1;
  const claims = { ...photo(0), model: known.sha256 };
  await replica.call(CALLS.addTemplate("user1", embedding, claims));
  const { body } = await replica.call(CALLS.describe());
  assertEquals(GalleryModelsSchema.parse(body), {
    ...described,
    templates: [{ model: known.sha256, users: 1, templates: 1 }],
  });
  const { body: uncalibrated } = await replica.call(CALLS.describe({ model: MODEL }));
  assertEquals([uncalibrated.match, uncalibrated.calibration], [null, null]);
});

Deno.test("a template that does not fit its model leaves out its user, not the gallery", async () => {
  await using installation = await installFake();
  const { store, lines } = installation;
  const replica = await installation.replica();
  await replica.call(put("user1"));
  await replica.call(add("user1", face(0), 0));
  await store.putUser({ collection: "default", userId: "user2" }, { name: "User 2" });
  const longer = {
    model: MODEL,
    embedding: new Float32Array(64).fill(1 / 8),
    photo: new Uint8Array(32),
  };
  await store.addTemplate({ collection: "default", userId: "user2" }, longer);
  for (const each of [replica, await installation.replica()]) {
    const { body } = await each.call(CALLS.decide(face(0), { model: MODEL }));
    assertEquals(body.user_id, "user1");
  }
  assert(lines.some(({ msg }) => String(msg).includes("cannot be compared")));
});

Deno.test("with REQUIRE_CONSENT, a user without consent_ref may exist, but gets no template", async () => {
  await using installation = await installFake({ requireConsent: true });
  const replica = await installation.replica();
  const REFUSED: [number, string] = [409, "consent_required"];
  assertEquals((await replica.call(CALLS.describe())).body.requires_consent, true);
  assertEquals(await statusAndCode(replica, put("user1")), [201, undefined]);
  const precheck = CALLS.about("check_enrolment", "user1");
  for (let i = 0; i < 9; i++) {
    assertEquals(await statusAndCode(replica, precheck), REFUSED);
    assertEquals(await statusAndCode(replica, add("user1", face(0), i, i === 0)), REFUSED);
  }
  const consent = { name: "user1", consent_ref: "c-1" };
  assertEquals(await statusAndCode(replica, put("user1", consent)), [200, undefined]);
  // Refusals for a missing consent tell nothing about a face, so they are no failed tries.
  assertEquals(await statusAndCode(replica, precheck), [204, undefined]);
  assertEquals(await statusAndCode(replica, add("user1", face(0), 0)), [201, undefined]);

  // A consent cannot be taken away from the templates that it allows.
  assertEquals(await statusAndCode(replica, put("user1")), REFUSED);
  const { body } = await replica.call(CALLS.about("get_user", "user1"));
  assertEquals([body.consent_ref, body.templates.length], ["c-1", 1]);
  const { template_id: id } = body.templates[0];
  await replica.call(CALLS.deleteTemplate("user1", id));
  assertEquals(await statusAndCode(replica, put("user1")), [200, undefined]);
  const { body: audit } = await replica.call(CALLS.readAudit());
  const refused = audit.events.filter((event: { outcome: string }) =>
    event.outcome === "consent_required"
  ).map((event: { kind: string }) => event.kind);
  assertEquals(refused, ["user", ...Array.from({ length: 9 }, () => "enrolment")]);
});

Deno.test("only the deletion of what exists may use the room that is kept for a full disk", async () => {
  await using installation = await installFake();
  const uses: (boolean | undefined)[] = [];
  const replica = await installation.replica({
    useToken(token, options) {
      uses.push(options?.frees);
      return installation.store.useToken(token, options);
    },
  });
  const frees = async (call: FakeCall) => {
    assert((await replica.call(call)).status < 300);
    return uses.splice(0);
  };
  assertEquals(await frees(put("user1")), [false]);
  const { body } = await replica.call(add("user1", face(0), 0));
  uses.length = 0;
  const id = body.template_id;
  assertEquals(await frees(CALLS.deleteTemplate("user1", "nothing")), [false]);
  assertEquals(await frees(CALLS.deleteTemplate("user2", id)), [false]);
  assertEquals(await frees(CALLS.deleteTemplate("user1", id)), [true]);
  assertEquals(await frees(CALLS.deleteTemplate("user1", id)), [false]);
  assertEquals(await frees(CALLS.about("delete_user", "user1")), [true]);
  assertEquals(await frees(CALLS.about("delete_user", "user1")), [false]);
});
