// Tests of the limits on failed tries, through the app.

import { assert, assertEquals } from "@std/assert";
import { GalleryUserSchema } from "../shared/contract/users.ts";
import { CALLS, type FakeCall, type FakeTry } from "./fake_caller.ts";
import { face, MODEL, photo } from "./fake_faces.ts";
import { type FakeAnswer, type FakeReplica, installFake } from "./fake_gallery.ts";
import { StoreUnavailable } from "./store/store.ts";
import { DEFAULT_TRIES } from "./store/tries_policy.ts";

const STRANGER = face(9);

const decide = (embedding: Float32Array, claims: FakeTry): FakeCall =>
  CALLS.decide(embedding, { model: MODEL, ...claims });

/** Enrols user0. */
async function enrol({ call }: FakeReplica): Promise<void> {
  assertEquals((await call(CALLS.putUser("user0", { name: "User 0" }))).status, 201);
  assertEquals((await call(CALLS.addTemplate("user0", face(0), photo(0)))).status, 201);
}

/** Returns everything of an answer that depends on the tries. */
function told({ status, body, headers }: FakeAnswer): unknown[] {
  const { code, matched } = body ?? {};
  return [status, code ?? matched, headers.get("Retry-After")];
}

/** Seconds until the next try are told beside a decision, too. */
const NO_MATCH = [200, false, null], LAST_NO_MATCH = [200, false, "30"];
const WAIT = [429, "too_many_attempts", "30"];
const LOCKED = [423, "locked", null];

Deno.test("5 failures in a row are free, then one each 30 s, and 50 lock, also an unknown user", async () => {
  await using installation = await installFake();
  const { clock } = installation;
  const replicas = [await installation.replica(), await installation.replica()] as const;
  await enrol(replicas[0]);
  for (const user_id of ["user0", "nobody"]) {
    const one = { user_id, key: "door" };
    let decided = 0;
    const ask = async (embedding: Float32Array) => {
      const replica = replicas[decided % 2]!;
      const hint = told(await replica.call(CALLS.checkDecision(one)));
      const answer = told(await replica.call(decide(embedding, one)));
      const allowed = answer[0] === 200;
      assertEquals(hint, allowed ? [204, undefined, null] : answer, user_id);
      if (allowed) decided++;
      return answer;
    };
    for (let i = 0; i < 4; i++) assertEquals(await ask(STRANGER), NO_MATCH);
    assertEquals(await ask(STRANGER), LAST_NO_MATCH);
    for (let i = 5; i < 50; i++) {
      // Also the right face: the answer tells nothing about it.
      for (const embedding of [STRANGER, face(0)]) assertEquals(await ask(embedding), WAIT);
      clock.now += 29_999;
      assertEquals(await ask(STRANGER), [429, "too_many_attempts", "1"]);
      clock.now += 1;
      // A lock has no end that could be told.
      assertEquals(await ask(STRANGER), i < 49 ? LAST_NO_MATCH : NO_MATCH);
    }
    for (let i = 0; i < 3; i++) {
      for (const embedding of [STRANGER, face(0)]) assertEquals(await ask(embedding), LOCKED);
      clock.now += 365 * 24 * 3_600_000;
    }
    assertEquals(decided, 50);
    for (
      const other of [
        { user_id },
        { user_id, key: "gate" },
        { user_id, key: "door", client_ref: "phone" },
        { user_id, key: "door", collection: "other" },
        { user_id: "user1", key: "door" },
      ]
    ) {
      assertEquals(told(await replicas[1].call(decide(STRANGER, other))), NO_MATCH);
    }
    const unlocked = await replicas[1].call(CALLS.about("unlock_user", user_id));
    assertEquals(unlocked.status, 204);
    assertEquals(await ask(STRANGER), NO_MATCH);
  }
});

Deno.test("a decision tells when the next one is allowed", async () => {
  await using installation = await installFake({ tries: { ...DEFAULT_TRIES, searches: 3 } });
  const replica = await installation.replica();
  await enrol(replica);
  const waits = async (embedding: Float32Array, claims: FakeTry) => {
    const { status, headers } = await replica.call(decide(embedding, claims));
    return [status, headers.get("Retry-After")];
  };
  for (const claims of [{ key: "door" }, { key: "door", user_id: "user0" }]) {
    // A match ends a row of failures. It does not end a rate.
    for (const who of [STRANGER, face(0), STRANGER]) {
      assertEquals(await waits(who, claims), [200, null]);
    }
  }
  assertEquals(await waits(STRANGER, { key: "door" }), [200, "30"]);
  assertEquals(await waits(STRANGER, { key: "door" }), [429, "30"]);
  for (let i = 0; i < 3; i++) {
    assertEquals(await waits(STRANGER, { key: "door", user_id: "user0" }), [200, null]);
  }
  assertEquals(await waits(STRANGER, { key: "door", user_id: "user0" }), [200, "30"]);
});

Deno.test("refused enrolments count as tries of the key, and tell nothing after too many", async () => {
  await using installation = await installFake({ tries: { ...DEFAULT_TRIES, searches: 3 } });
  const { clock } = installation;
  const replica = await installation.replica();
  await enrol(replica);
  await replica.call(CALLS.putUser("user1", { name: "User 1" }));
  await replica.call(CALLS.addTemplate("user1", face(1), photo(1)));
  let photos = 10;
  const add = async (userId: string, person: number, key: string) => {
    const call = CALLS.addTemplate(userId, face(person), { ...photo(++photos), key });
    return told(await replica.call(call));
  };
  const hint = async (userId: string, key: string) => {
    const call = CALLS.about("check_enrolment", userId);
    return told(await replica.call({ ...call, claims: { ...call.claims, key } }));
  };
  const OPEN = [204, undefined, null];

  // A face that is unlike the user's: as a failed try to be this user.
  for (let i = 0; i < 5; i++) {
    assertEquals(await hint("user0", "office"), OPEN);
    assertEquals(await add("user0", 9, "office"), [422, "not_the_same_person", null]);
  }
  assertEquals(await hint("user0", "office"), WAIT);
  // Also the right face, and one that belongs to somebody else.
  for (const person of [9, 0, 1]) assertEquals(await add("user0", person, "office"), WAIT);
  const own = decide(face(0), { user_id: "user0", key: "office" });
  assertEquals(told(await replica.call(own)), WAIT);
  assertEquals(await hint("user0", "desk"), OPEN);
  assertEquals(await hint("user1", "office"), OPEN);
  clock.now += 30_000;
  assertEquals(await add("user0", 9, "office"), [422, "not_the_same_person", null]);
  assertEquals(await add("user0", 0, "office"), WAIT);

  // A face of somebody else: as a search of the key, whoever it is enrolled for.
  await replica.call(CALLS.putUser("user2", { name: "User 2" }));
  for (let i = 0; i < 3; i++) {
    assertEquals(await add("user2", 1, "office"), [422, "belongs_to_another_user", null]);
  }
  for (const person of [1, 5]) assertEquals(await add("user2", person, "office"), WAIT);
  assertEquals(await hint("user1", "office"), WAIT);
  assertEquals(await add("user2", 5, "desk"), [201, undefined, null]);
  // Searches of POST /authenticate are counted apart.
  assertEquals(told(await replica.call(decide(face(7), { key: "office" }))), NO_MATCH);

  const metrics = await replica.metrics.text();
  for (const line of ['failed_tries_total{kind="enrolment"} 9', 'kind="search"} 1']) {
    assert(metrics.includes(line), `${line} in ${metrics}`);
  }
  assert(!metrics.includes('kind="user"}'));
});

Deno.test("a replica that dies between the count and the answer has told nothing", async () => {
  await using installation = await installFake();
  const { store } = installation;
  const replica = await installation.replica();
  await enrol(replica);
  const dying = await installation.replica({
    async decide(decision) {
      await store.decide(decision);
      throw new StoreUnavailable("The process dies here");
    },
    async countFailure(tried) {
      await store.countFailure(tried);
      throw new StoreUnavailable("The process dies here");
    },
  });
  const one = { user_id: "user0", key: "door" };
  for (let i = 0; i < 3; i++) {
    assertEquals((await dying.call(decide(STRANGER, one))).body.code, "gallery_unavailable");
  }
  for (let i = 0; i < 2; i++) {
    const added = CALLS.addTemplate("user0", face(9), { ...photo(20 + i), key: "door" });
    assertEquals((await dying.call(added)).body.code, "gallery_unavailable");
  }
  assertEquals(told(await replica.call(decide(STRANGER, one))), WAIT);
});

Deno.test("a user is shown as locked until the unlock, and refused tries are counted", async () => {
  await using installation = await installFake({ tries: { ...DEFAULT_TRIES, lockAfter: 2 } });
  const replica = await installation.replica();
  await enrol(replica);
  const locked = async () => {
    const { body } = await replica.call(CALLS.about("get_user", "user0"));
    const { body: exported } = await replica.call(CALLS.about("export_user", "user0"));
    assertEquals(exported.locked, body.locked);
    return GalleryUserSchema.parse(body).locked;
  };
  const one = { user_id: "user0" };
  for (let i = 0; i < 2; i++) {
    assertEquals(await locked(), false);
    assertEquals(told(await replica.call(decide(STRANGER, one))), NO_MATCH);
  }
  assertEquals(await locked(), true);
  assertEquals(told(await replica.call(decide(face(0), one))), LOCKED);
  // A search still finds the user: it is no try to be this one.
  assertEquals((await replica.call(decide(face(0), {}))).body.user_id, "user0");
  const metrics = await replica.metrics.text();
  assert(metrics.includes('face_it_gallery_failed_tries_total{kind="user"} 2'));
  assert(metrics.includes('face_it_gallery_refused_tries_total{code="locked"} 1'));
  assert(metrics.includes('face_it_gallery_decision_seconds_count{outcome="locked"} 1'));
  await replica.call(CALLS.about("unlock_user", "user0"));
  assertEquals(await locked(), false);
});
