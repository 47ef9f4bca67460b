// Tests of decisions, through the app.

import { assert, assertEquals } from "@std/assert";
import { GalleryDecisionSchema } from "../shared/contract/gallery_call.ts";
import { signGalleryToken } from "../shared/http/gallery_token.ts";
import { MODEL_MANIFEST } from "../models/manifest.ts";
import { CALLS, embeddingBytes, type FakeCall } from "./fake_caller.ts";
import { face, faceNear, MODEL, photo } from "./fake_faces.ts";
import { type FakeReplica, installFake, START_MS } from "./fake_gallery.ts";
import { StoreDamaged, StoreUnavailable } from "./store/store.ts";

const decide = (embedding: Float32Array, userId?: string): FakeCall =>
  CALLS.decide(embedding, { model: MODEL, ...(userId !== undefined && { user_id: userId }) });

/** Enrols user0, user1 and so on with the faces of these persons. */
async function enrol({ call }: FakeReplica, ...persons: readonly number[]): Promise<void> {
  for (const person of persons) {
    const id = `user${person}`;
    assertEquals((await call(CALLS.putUser(id, { name: `User ${person}` }))).status, 201);
    const { status } = await call(CALLS.addTemplate(id, face(person), photo(person)));
    assertEquals(status, 201);
  }
}

/** Returns the user_id of a decision; null when nobody matches; otherwise the code. */
async function outcome({ call }: FakeReplica, decision: FakeCall): Promise<string | null> {
  const { status, body } = await call(decision);
  if (status !== 200) return body.code;
  const answer = GalleryDecisionSchema.parse(body);
  return answer.matched ? answer.user_id : null;
}

Deno.test("the nearest user matches from the threshold on, alone or among all", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await enrol(replica, 0, 1);
  const { body } = await replica.call(decide(faceNear({ 0: 0.62345 })));
  assertEquals(body, {
    matched: true,
    user_id: "user0",
    user_name: "User 0",
    confidence: 0.6234,
    similarity: 0.6234,
  });
  for (const userId of [undefined, "user0"]) {
    assertEquals(await outcome(replica, decide(faceNear({ 0: 0.5001 }), userId)), "user0");
    assertEquals(await outcome(replica, decide(faceNear({ 0: 0.4999 }), userId)), null);
  }
  // An answer without a match has no score, and does not tell who exists.
  for (const id of ["user1", "nobody"]) {
    const { body } = await replica.call(decide(face(0), id));
    assertEquals(body, { matched: false });
  }
});

Deno.test("a face that matches two users is ambiguous, and is decided once", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await enrol(replica, 0, 1);
  const both = faceNear({ 0: 0.7, 1: 0.6 });
  assertEquals(await outcome(replica, decide(both)), "ambiguous_match");
  assertEquals(await outcome(replica, decide(both, "user1")), "user1");
});

Deno.test("collections and models are apart", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await enrol(replica, 0);
  const elsewhere = CALLS.decide(face(0), { model: MODEL, collection: "other" });
  assertEquals(await outcome(replica, elsewhere), null);
  const otherModel = CALLS.decide(face(0), { model: "cd".repeat(32) });
  assertEquals(await outcome(replica, otherModel), null);
});

Deno.test("a token is decided once, by all replicas together", async () => {
  await using installation = await installFake();
  const { keys, clock } = installation;
  const replicas = [await installation.replica(), await installation.replica()] as const;
  await enrol(replicas[0], 0);
  const call = decide(face(0));
  const token = `Bearer ${signGalleryToken(keys.signing, call.claims, clock.now)}`;
  const answers = await Promise.all(
    [replicas[0], replicas[1], replicas[1]].map((replica) => replica.call(call, token)),
  );
  const statuses = answers.map(({ status }) => status).toSorted();
  assertEquals(statuses, [200, 401, 401]);
  // Also a replica that has just started.
  const { body } = await (await installation.replica()).call(call, token);
  assertEquals(body.code, "unauthorized");
});

Deno.test("a change by another replica counts for the next decision", async () => {
  await using installation = await installFake();
  const a = await installation.replica(), b = await installation.replica();
  await enrol(a, 0, 1);
  assertEquals(await outcome(b, decide(face(0))), "user0");
  assertEquals((await b.call(CALLS.about("delete_user", "user0"))).status, 204);
  assertEquals(await outcome(a, decide(face(0))), null);
  await enrol(b, 0);
  assertEquals(await outcome(a, decide(face(0))), "user0");
});

Deno.test("a change during a decision counts for it", async () => {
  await using installation = await installFake();
  const { store } = installation;
  let during: () => Promise<unknown> = () => Promise.resolve();
  const replica = await installation.replica({
    async decide(decision) {
      await during();
      return await store.decide(decision);
    },
  });
  await enrol(replica, 0, 1);
  for (const changes of [1, 3, 30]) {
    let left = changes;
    during = async () => {
      if (left-- > 0) {
        await store.putUser({ collection: "default", userId: "user1" }, { name: `User ${left}` });
      }
    };
    assertEquals(await outcome(replica, decide(face(0))), "user0", `${changes} changes`);
  }
  for (const first of [0, 1, 2, 3]) {
    let turn = 0;
    during = async () => {
      // A gallery that always changes, and in which the user is deleted at some time.
      if (turn++ === first) await store.deleteUser({ collection: "default", userId: "user0" });
      else await store.putUser({ collection: "default", userId: "user9" }, { name: `${turn}` });
    };
    const answer = await outcome(replica, decide(face(0)));
    // The third search is stored although the gallery has changed, unless the user is gone.
    assertEquals(answer, first <= 2 ? null : "user0", `deleted in turn ${first}`);
    during = () => Promise.resolve();
    await replica.call(CALLS.about("delete_user", "user0"));
    await enrol(replica, 0);
  }
});

Deno.test("a user does not match from the millisecond on at which it expires", async () => {
  await using installation = await installFake();
  const { clock } = installation;
  const replica = await installation.replica();
  await enrol(replica, 0);
  const expires_at = new Date(START_MS + 5000).toISOString();
  await replica.call(CALLS.putUser("user0", { name: "User 0", expires_at }));
  clock.now = START_MS + 4999;
  assertEquals(await outcome(replica, decide(face(0))), "user0");
  assertEquals((await replica.call(CALLS.about("get_user", "user0"))).status, 200);
  clock.now = START_MS + 5000;
  assertEquals(await outcome(replica, decide(face(0))), null);
  assertEquals((await replica.call(CALLS.about("get_user", "user0"))).status, 404);
  clock.now = START_MS + 6000;
  await installation.store.purge();
  assertEquals(await outcome(replica, decide(face(0))), null);
});

Deno.test("a store that is away gives 503 with Retry-After, never a match", async () => {
  await using installation = await installFake();
  const { store } = installation;
  let away: readonly string[] = [];
  const failing =
    <Name extends "decide" | "changesSince">(name: Name) =>
    (...args: Parameters<typeof store[Name]>) => {
      if (away.includes(name)) throw new StoreUnavailable("away");
      // deno-lint-ignore no-explicit-any -- the arguments are those of the method
      return (store[name] as any)(...args);
    };
  const replica = await installation.replica({
    decide: failing("decide"),
    changesSince: failing("changesSince"),
  });
  await enrol(replica, 0);
  away = ["decide"];
  const { status, body, headers } = await replica.call(decide(face(0)));
  assertEquals([status, body.code], [503, "gallery_unavailable"]);
  assertEquals(headers.get("Retry-After"), "1");
  // The change is stored although the index cannot follow it, and the next decision cannot miss it.
  away = ["changesSince"];
  assertEquals((await replica.call(CALLS.about("delete_user", "user0"))).status, 204);
  assertEquals(await outcome(replica, decide(face(0))), "gallery_unavailable");
  away = [];
  assertEquals(await outcome(replica, decide(face(0))), null);
  const metrics = await replica.metrics.text();
  assert(metrics.includes("face_it_gallery_store_errors_total 2"), metrics);
  assert(
    metrics.includes('face_it_gallery_decision_seconds_count{outcome="gallery_unavailable"} 2'),
  );
});

Deno.test("a damaged template gives 503, and the log names its id but no user", async () => {
  await using installation = await installFake();
  let damaged = false;
  const replica = await installation.replica({
    async changesSince(position) {
      if (damaged) throw new StoreDamaged("t1 of user0", "t1");
      return await installation.store.changesSince(position);
    },
  });
  await enrol(replica, 0);
  damaged = true;
  await installation.store.putUser({ collection: "default", userId: "user1" }, { name: "U" });
  assertEquals(await outcome(replica, decide(face(0))), "gallery_unavailable");
  replica.watch.failed(new StoreDamaged("t1 of user0", "t1"));
  assertEquals((await replica.get("/ready")).status, 503);
  const logged = installation.lines.find(({ msg }) => msg === "the gallery's database is damaged");
  assertEquals(logged?.["error"], "The template t1 cannot be decrypted");
  assert(!JSON.stringify(installation.lines).includes("user0"));
});

Deno.test("a store that does not answer gives 503 in time", async () => {
  await using installation = await installFake({ answerTimeoutMs: 1 });
  const never = Promise.withResolvers<never>();
  const replica = await installation.replica({ decide: () => never.promise });
  assertEquals(await outcome(replica, decide(face(0))), "gallery_unavailable");
});

Deno.test("a body that is not an embedding of the model is refused", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await enrol(replica, 0);
  const nan = face(0), long = face(0), infinite = face(0);
  nan[3] = NaN;
  long[0] = 1.01;
  infinite[0] = Infinity;
  const zero = new Float32Array(32);
  const wrong = [nan, long, infinite, zero, new Float32Array(0), Float32Array.of(1)];
  wrong.push(Float32Array.from({ length: 64 }, (_, i) => i === 0 ? 1 : 0));
  for (const embedding of wrong) {
    assertEquals(await outcome(replica, decide(embedding)), "invalid_request", `${embedding}`);
    const add = CALLS.addTemplate("user0", embedding, photo(7));
    assertEquals((await replica.call(add)).body.code, "invalid_request");
  }
  const odd = decide(face(0));
  const body = embeddingBytes(face(0)).slice(1);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body)).toHex();
  const claims = { ...odd.claims, body_sha256: hash };
  assertEquals(await outcome(replica, { ...odd, body, claims }), "invalid_request");
  const big = decide(new Float32Array(2049));
  assertEquals(await outcome(replica, big), "payload_too_large");
  const text = { ...decide(face(0)), contentType: "application/octet-stream" };
  assertEquals(await outcome(replica, text), "unsupported_media_type");
  // A model of the manifest has a known length, also before its first template.
  const known = MODEL_MANIFEST.models.recognition.small.sha256;
  const short = CALLS.decide(face(0), { model: known });
  assertEquals(await outcome(replica, short), "invalid_request");
});

Deno.test("a model without a calibration recognises nobody, and the log says so once", async () => {
  await using installation = await installFake({ match: { on: "confidence", threshold: 0.7 } });
  const replica = await installation.replica();
  await replica.call(CALLS.putUser("user0", { name: "User 0" }));
  for (let i = 0; i < 3; i++) {
    assertEquals(await outcome(replica, decide(face(0))), "gallery_unavailable");
    const { body } = await replica.call(CALLS.addTemplate("user0", face(0), photo(0)));
    assertEquals(body.code, "gallery_unavailable");
  }
  const lines = installation.lines.filter(({ msg }) => String(msg).includes("no calibration"));
  assertEquals(lines.length, 1);
});

Deno.test("a calibration of the settings is used for its model", async () => {
  const quality = { min_embedding_length: 0, max_roll_degrees: 60, max_shape_distance: 0.5 };
  await using installation = await installFake({
    match: { on: "confidence", threshold: 0.7 },
    calibration: { model_sha256: MODEL, fitted_mean_cosine: 0, fitted_dimension: 100, quality },
  });
  const replica = await installation.replica();
  await enrol(replica, 0);
  assertEquals(await outcome(replica, decide(faceNear({ 0: 0.6 }))), "user0");
  assertEquals(await outcome(replica, decide(faceNear({ 0: 0.2 }))), null);
});

Deno.test("the log has no user, score or embedding", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await enrol(replica, 0);
  await replica.call(decide(faceNear({ 0: 0.61 }), "user0"));
  await replica.call(CALLS.about("get_user", "user0"));
  await replica.get("/users/user0/nothing");
  await replica.get("/users/user0/export");
  const text = JSON.stringify(installation.lines);
  assert(text.includes('"outcome":"matched"'), text);
  for (const secret of ["user0", "User 0", "0.61", "0.60"]) assert(!text.includes(secret), text);
});
