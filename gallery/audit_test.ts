// Tests what the gallery service records, and what GET /audit answers.

import { assert, assertEquals } from "@std/assert";
import { type AuditEventAnswer, AuditPageSchema } from "../shared/contract/audit.ts";
import { CALLS, type FakeCall } from "./fake_caller.ts";
import { face, faceNear, MODEL, photo } from "./fake_faces.ts";
import { type FakeReplica, installFake } from "./fake_gallery.ts";
import { StoreUnavailable } from "./store/store.ts";

/** Returns all events, the oldest first. */
async function eventsOf(replica: FakeReplica, query = ""): Promise<AuditEventAnswer[]> {
  const { status, body } = await replica.call(CALLS.readAudit(query));
  assertEquals(status, 200, body?.code);
  return AuditPageSchema.parse(body).events.toReversed();
}

const brief = ({ kind, outcome, user_id }: AuditEventAnswer) =>
  [kind, outcome, user_id ?? "-"].join(" ");
const withKey = (call: FakeCall): FakeCall => ({
  ...call,
  claims: { ...call.claims, key: "key-1" },
});
const decide = (embedding: Float32Array, userId?: string): FakeCall =>
  CALLS.decide(embedding, { model: MODEL, ...userId !== undefined && { user_id: userId } });

/** Returns the call of a caller that may not let a user expire earlier. */
function shortening(userId: string): FakeCall {
  const call = CALLS.putUser(userId, { name: "N", expires_at: "2999-01-01T00:00:00Z" });
  return { ...call, claims: { ...call.claims, may_shorten: false } };
}

/** Calls that are recorded, and their events. */
const RECORDED: readonly (readonly [FakeCall, string])[] = [
  [CALLS.putUser("user0", { name: "User 0" }), "user created user0"],
  [CALLS.putUser("user0", { name: "User 0" }), "user unchanged user0"],
  [CALLS.putUser("user0", { name: "User 0" }, "default", true), "user user_exists user0"],
  [shortening("user0"), "user forbidden_scope user0"],
  [CALLS.putUser("user1", { name: "User 1" }), "user created user1"],
  [CALLS.addTemplate("user0", face(0), photo(0)), "enrolment added user0"],
  [CALLS.addTemplate("user0", face(0), photo(0)), "enrolment known user0"],
  [CALLS.addTemplate("user0", face(1), photo(1)), "enrolment not_the_same_person user0"],
  [CALLS.addTemplate("user1", face(0), photo(0)), "enrolment belongs_to_another_user user1"],
  [CALLS.addTemplate("nobody", face(2), photo(2)), "enrolment user_not_found -"],
  [CALLS.addTemplate("user1", face(1), photo(1)), "enrolment added user1"],
  [decide(face(0)), "decision matched user0"],
  [decide(face(0), "user0"), "decision matched user0"],
  [decide(face(0), "user1"), "decision not_matched user1"],
  [decide(face(0), "nobody"), "decision not_matched -"],
  [decide(face(5)), "decision not_matched -"],
  [decide(faceNear({ 0: 0.7, 1: 0.6 })), "decision ambiguous_match -"],
  [CALLS.about("export_user", "user0"), "export exported user0"],
  [CALLS.about("export_user", "nobody"), "export user_not_found -"],
  [CALLS.deleteTemplate("user0", "0"), "template_deletion not_found user0"],
  [CALLS.deleteTemplate("user0", "x".repeat(64)), "template_deletion not_found user0"],
  [CALLS.about("delete_user", "user1"), "deletion deleted -"],
  [CALLS.about("delete_user", "user1"), "deletion user_not_found -"],
];

Deno.test("every call that decides, changes, refuses or exports leaves one event, before its answer", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  let known = 0;
  for (const [call, expected] of RECORDED) {
    await replica.call(withKey(call));
    const events = await eventsOf(replica);
    assertEquals(events.length, ++known, expected);
    const { at, key, request_id } = events.at(-1)!;
    assertEquals(brief(events.at(-1)!), expected);
    assertEquals([at, key, request_id], ["2026-01-31T12:00:00.000Z", "key-1", "request-1"]);
  }
  // Others leave none: they read, or their statement was refused.
  const others = [CALLS.about("get_user", "user0"), CALLS.list(), CALLS.describe()];
  for (const call of others) await replica.call(call);
  await replica.call(decide(face(0)), "Bearer a.b.c");
  const events = await eventsOf(replica);
  assertEquals(events.length, known);
  assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i + 1));
  // The events of a deleted user are nobody's.
  assertEquals(events.filter(({ user_id }) => user_id === "user1"), []);
  const text = JSON.stringify(events);
  for (const word of ["User 0", "similarity", "confidence", "0.6", "user1", "nobody"]) {
    assert(!text.includes(word), word);
  }
});

Deno.test("nothing is answered whose event cannot be stored", async () => {
  await using installation = await installFake();
  const { store } = installation;
  const setUp = await installation.replica();
  for (const [call] of RECORDED.slice(0, 6)) await setUp.call(call);
  const known = (await eventsOf(setUp)).length;
  const away = () => Promise.reject(new StoreUnavailable("full"));
  const replica = await installation.replica({ record: away });
  for (
    const call of [
      CALLS.addTemplate("user0", face(1), photo(1)),
      CALLS.addTemplate("user1", face(0), photo(0)),
      CALLS.addTemplate("nobody", face(2), photo(2)),
      CALLS.about("export_user", "user0"),
      CALLS.about("export_user", "nobody"),
      CALLS.deleteTemplate("user0", "a\u0001"),
    ]
  ) {
    const { status, body } = await replica.call(call);
    assertEquals([status, body.code], [503, "gallery_unavailable"], call.path);
  }
  assertEquals((await eventsOf(setUp)).length, known);
  assertEquals((await store.listTemplates({ collection: "default", userId: "user0" }))?.length, 1);
});

Deno.test("an unlock is not stored without its event", async () => {
  await using installation = await installFake();
  const { store } = installation;
  const user = { collection: "default", userId: "nobody" };
  for (let i = 0; i < 50; i++) {
    assertEquals(await store.countFailure(user), undefined);
    installation.clock.now += 30_000;
  }
  const replica = await installation.replica({
    record: () => Promise.reject(new StoreUnavailable("full")),
  });
  assertEquals(await store.isLocked(user), true);
  const { status } = await replica.call(CALLS.about("unlock_user", "nobody"));
  assertEquals([status, await store.isLocked(user)], [204, false]);
  assertEquals((await eventsOf(replica)).map(brief), ["unlock unlocked -"]);
});

Deno.test("events are listed by their fields, in the collection of the statement alone", async () => {
  await using installation = await installFake();
  const { clock } = installation;
  const replica = await installation.replica();
  for (const [call] of RECORDED) {
    await replica.call(call);
    clock.now += 1000;
  }
  await replica.call(withKey(CALLS.putUser("user9", { name: "N" }, "other")));
  const count = async (query: string) => (await eventsOf(replica, query)).length;
  assertEquals(await count("?user_id=user0&kind=decision"), 2);
  assertEquals(await count("?user_id=user1"), 0);
  assertEquals(await count("?kind=unlock"), 0);
  assertEquals(await count("?key=key-1"), 0);
  assertEquals(await count("?from=2026-01-31T12:00:01Z&to=2026-01-31T12:00:03Z"), 2);
  const { body } = await replica.call(CALLS.readAudit("", "other"));
  assertEquals(body.events.map(brief), ["user created user9"]);
  const first = await replica.call(CALLS.readAudit(`?limit=${RECORDED.length - 1}`));
  const cursor = first.body.next_cursor;
  assertEquals((await eventsOf(replica, `?limit=20&cursor=${cursor}`)).map(({ seq }) => seq), [1]);
  const bad = ["cursor=x", "limit=0", "limit=1001", "kind=other", "from=yesterday", "key="];
  for (const query of bad) {
    const { status, body } = await replica.call(CALLS.readAudit(`?${query}`));
    assertEquals([status, body.code], [400, "invalid_request"], query);
  }
});

Deno.test("decisions at the same time have events without gaps", async () => {
  await using installation = await installFake();
  const replicas = [await installation.replica(), await installation.replica()];
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => replicas[i % 2]!.call(decide(face(0)))),
  );
  const events = await eventsOf(replicas[0]!);
  assertEquals(events.map(({ seq }) => seq), Array.from({ length: 60 }, (_, i) => i + 1));
});
