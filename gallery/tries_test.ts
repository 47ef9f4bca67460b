// Tests of the limits on failed tries, through the app.

import { assertEquals } from "@std/assert";
import { CALLS, type FakeCall, type FakeTry } from "./fake_caller.ts";
import { face, MODEL, photo } from "./fake_faces.ts";
import { type FakeAnswer, type FakeReplica, installFake } from "./fake_gallery.ts";

const STRANGER = face(9);

const decide = (embedding: Float32Array, claims: FakeTry): FakeCall =>
  CALLS.decide(embedding, { model: MODEL, ...claims });

/** Enrols user0. */
async function enrol({ call }: FakeReplica): Promise<void> {
  assertEquals((await call(CALLS.putUser("user0", { name: "User 0" }))).status, 201);
  assertEquals((await call(CALLS.addTemplate("user0", face(0), photo(0)))).status, 201);
}

/** Returns everything of an answer that a client can learn. */
function told({ status, body, headers }: FakeAnswer): unknown {
  const { code, matched } = body ?? {};
  return [status, code ?? matched, headers.get("Retry-After")];
}

const NO_MATCH = [200, false, null];
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
      const allowed = JSON.stringify(answer) === JSON.stringify(NO_MATCH);
      assertEquals(hint, allowed ? [204, undefined, null] : answer, user_id);
      if (allowed) decided++;
      return answer;
    };
    for (let i = 0; i < 5; i++) assertEquals(await ask(STRANGER), NO_MATCH);
    for (let i = 5; i < 50; i++) {
      // Also the right face: the answer tells nothing about it.
      for (const embedding of [STRANGER, face(0)]) assertEquals(await ask(embedding), WAIT);
      clock.now += 29_999;
      assertEquals(await ask(STRANGER), [429, "too_many_attempts", "1"]);
      clock.now += 1;
      assertEquals(await ask(STRANGER), NO_MATCH);
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
