// Tests of the policies on liveness and quality, through the app.

import { assert, assertEquals } from "@std/assert";
import { AuditPageSchema } from "../shared/contract/audit.ts";
import type { FacePolicy } from "../shared/contract/face_policy.ts";
import { CALLS, type FakeFace, type FakeTry } from "./fake_caller.ts";
import { face, MODEL, photo } from "./fake_faces.ts";
import { type FakeReplica, installFake } from "./fake_gallery.ts";

const OBSERVE: FacePolicy = { liveness: "observe", livenessThreshold: 0.5, quality: "observe" };
const ENFORCE: FacePolicy = { liveness: "enforce", livenessThreshold: 0.5, quality: "enforce" };

async function setUp(policy?: FacePolicy) {
  const installation = await installFake(policy ? { policy } : {});
  const replica = await installation.replica();
  assertEquals((await replica.call(CALLS.putUser("user0", { name: "User 0" }))).status, 201);
  assertEquals((await replica.call(CALLS.addTemplate("user0", face(0), photo(0)))).status, 201);
  /** Returns the user_id, null for nobody, or the code of the refusal. */
  const ask = async (seen: FakeFace, { who = 0, ...whom }: FakeTry & { who?: number } = {}) => {
    const { status, body } = await replica.call(
      CALLS.decide(face(who), { model: MODEL, ...seen, ...whom }),
    );
    return status === 200 ? body.user_id ?? null : body.code;
  };
  return { installation, replica, ask };
}

/** Returns the events of decisions, the oldest first. */
async function eventsOf(replica: FakeReplica): Promise<string[]> {
  const { body } = await replica.call(CALLS.readAudit());
  return AuditPageSchema.parse(body).events.toReversed()
    .filter(({ kind }) => kind === "decision" || kind === "observation")
    .map(({ kind, outcome, user_id }) => [kind, outcome, user_id ?? "-"].join(" "));
}

Deno.test("a face below the threshold is refused, and recorded, whoever it is", async () => {
  const { installation, replica, ask } = await setUp(ENFORCE);
  await using _ = installation;
  assertEquals(await ask({ liveness: 0.5 }), "user0");
  assertEquals(await ask({ liveness: 0.499 }), "not_live");
  assertEquals(await ask({ liveness: 0.499, unclear: true }), "face_unclear");
  // A worker that measures nothing cannot let anybody in.
  assertEquals(await ask({}), "not_live");
  for (const user_id of ["user0", "nobody"]) {
    for (const who of [0, 9]) {
      assertEquals(await ask({ liveness: 0 }, { user_id, who }), "not_live");
    }
  }
  assertEquals(await eventsOf(replica), [
    "decision matched user0",
    "decision not_live -",
    "decision face_unclear -",
    "observation not_live -",
    "decision not_live -",
    "decision not_live user0",
    "decision not_live user0",
    "decision not_live -",
    "decision not_live -",
  ]);
  const metrics = await replica.metrics.text();
  assert(/decision_seconds_count\{outcome="not_live"\} 6/.test(metrics), metrics);
  assert(metrics.includes('face_it_gallery_failed_tries_total{kind="user"} 4'));
});

Deno.test("faults that are only observed are recorded beside the decision", async () => {
  const { installation, replica, ask } = await setUp(OBSERVE);
  await using _ = installation;
  assertEquals(await ask({ liveness: 0.1, unclear: true }), "user0");
  assertEquals(await ask({ liveness: 0.9 }), "user0");
  assertEquals(await ask({ liveness: 0.1 }, { who: 9, user_id: "user0" }), null);
  assertEquals(await ask({}), "user0");
  assertEquals(await eventsOf(replica), [
    "decision matched user0",
    "observation face_unclear user0",
    "observation not_live user0",
    "decision matched user0",
    "decision not_matched user0",
    "observation not_live user0",
    "decision matched user0",
  ]);
  // No score is stored.
  const { body } = await replica.call(CALLS.readAudit());
  assert(!JSON.stringify(body).includes("0.1"));
});

Deno.test("the policy of a key is enforced beside the setting, and cannot weaken it", async () => {
  const enforced = { enforce_liveness: true, enforce_quality: true };
  const observing = await setUp(OBSERVE);
  await using _observing = observing.installation;
  assertEquals(await observing.ask({ liveness: 0.1, ...enforced }), "not_live");
  assertEquals(await observing.ask({ unclear: true, liveness: 1, ...enforced }), "face_unclear");
  assertEquals(await observing.ask({ liveness: 0.5, ...enforced }), "user0");
  const enforcing = await setUp(ENFORCE);
  await using _enforcing = enforcing.installation;
  const loose = { enforce_liveness: false, enforce_quality: false };
  assertEquals(await enforcing.ask({ liveness: 0.1, ...loose }), "not_live");
  // Without a threshold, nobody can be told to be live.
  const off = await setUp();
  await using _off = off.installation;
  assertEquals(await off.ask({ liveness: 1, enforce_liveness: true }), "not_live");
  assertEquals(await off.ask({ liveness: 0 }), "user0");
});

Deno.test("a face that is not live is a failed try, an unclear or unmeasured one is none", async () => {
  const { installation, ask } = await setUp(ENFORCE);
  await using _ = installation;
  const { clock } = installation;
  for (const user_id of ["user0", "nobody"]) {
    const one = { user_id, key: "door" };
    for (let i = 0; i < 20; i++) {
      assertEquals(await ask({ unclear: true, liveness: 1 }, one), "face_unclear");
    }
    // A worker without the liveness model measures nothing, and the user is not locked for it.
    for (let i = 0; i < 60; i++) assertEquals(await ask({}, one), "not_live");
    for (let i = 0; i < 5; i++) assertEquals(await ask({ liveness: 0 }, one), "not_live");
    for (const liveness of [0, 1]) assertEquals(await ask({ liveness }, one), "too_many_attempts");
    clock.now += 30_000;
    assertEquals(await ask({ liveness: 1 }, one), user_id === "user0" ? "user0" : null);
  }
});
