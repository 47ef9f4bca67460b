// Tests that no answer to a call that was sent after a deletion names the user, under load.

import { assert, assertEquals } from "@std/assert";
import { face, faceNear, MODEL, photo } from "../../gallery/fake_faces.ts";
import type { FakeCall } from "../../gallery/fake_caller.ts";
import { CALLS, installGallery, UNLIMITED_TRIES } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import { seededRandom } from "../support/seeded_random.ts";

/** The greater, the longer the test: 10,000 take some minutes. */
const ANSWERS = Number(Deno.env.get("FACE_IT_DELETION_ANSWERS") ?? "1500");
const CLIENTS = 8;
const PERSONS = 30;

/** State of a user that is certain when a call is sent. */
type Certain = "there" | "gone" | "changing";

needs("postgres")("two replicas under load never name a user after its deletion", async () => {
  await using server = await startPostgres();
  await using gallery = await installGallery(await server.newDatabase());
  const env = {
    MATCH_ON: "cosine",
    MATCH_THRESHOLD: "0.5",
    LOG_LEVEL: "warn",
    ...UNLIMITED_TRIES,
  };
  await using a = gallery.start(env);
  await using b = gallery.start(env);
  const replicas = [a, b] as const;
  await Promise.all(replicas.map((service) => service.untilReady()));
  const random = seededRandom(7);
  const pick = (count: number) => Math.floor(random() * count);
  const send = async (call: FakeCall) => {
    const { status, text } = await gallery.call(replicas[pick(2)]!, call);
    return { status, body: text === "" ? undefined : JSON.parse(text) };
  };

  /** The number counts the changes, so that a change between sending and answer is noticed. */
  const users = Array.from({ length: PERSONS }, () => ({ certain: "gone" as Certain, changes: 0 }));
  const counts = { answers: 0, named: 0, certainlyGone: 0, certainlyThere: 0, changes: 0 };
  const change = async (person: number) => {
    const user = users[person]!, id = `user${person}`;
    const wasThere = user.certain === "there";
    user.certain = "changing";
    user.changes++;
    if (wasThere) {
      assertEquals((await send(CALLS.about("delete_user", id))).status, 204);
    } else {
      assertEquals((await send(CALLS.putUser(id, { name: id }))).status, 201);
      const add = CALLS.addTemplate(id, face(person), photo(person));
      const { status } = await send(add);
      assertEquals(status, 201);
    }
    user.certain = wasThere ? "gone" : "there";
    counts.changes++;
  };
  const decide = async (person: number) => {
    const { certain, changes } = users[person]!;
    const call = CALLS.decide(faceNear({ [person]: 0.9 }), { model: MODEL });
    const { status, body } = await send(call);
    assertEquals(status, 200, JSON.stringify(body));
    counts.answers++;
    if (body.matched) {
      counts.named++;
      assertEquals(body.user_id, `user${person}`);
    }
    // Whoever has changed since the call was sent may be named or not.
    if (users[person]!.changes !== changes || certain === "changing") return;
    if (certain === "gone") counts.certainlyGone++;
    else counts.certainlyThere++;
    assertEquals(body.matched, certain === "there", `user${person} is ${certain}`);
  };

  let ended = false;
  /** Repeats something until enough answers were counted. An error ends all loops. */
  const loop = async (run: () => Promise<void>) => {
    try {
      while (!ended && counts.answers < ANSWERS) await run();
    } finally {
      ended = true;
    }
  };
  const loops = await Promise.allSettled([
    // Each of two loops changes its own half of the users.
    ...[0, 1].map((half) => loop(() => change(pick(PERSONS / 2) * 2 + half))),
    ...Array.from({ length: CLIENTS }, () => loop(() => decide(pick(PERSONS)))),
  ]);
  for (const ended of loops) if (ended.status === "rejected") throw ended.reason;
  assert(counts.certainlyGone > ANSWERS / 20, JSON.stringify(counts));
  assert(counts.certainlyThere > ANSWERS / 20, JSON.stringify(counts));
  assert(counts.changes > 20, JSON.stringify(counts));
  if (Deno.env.has("FACE_IT_DELETION_ANSWERS")) console.log(JSON.stringify(counts));
});
