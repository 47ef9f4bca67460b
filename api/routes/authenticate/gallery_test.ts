// POST /authenticate when the gallery service holds the gallery.

import { assert, assertEquals } from "@std/assert";
import { MATCH, NON_MATCH, WORKER_MODELS } from "../../../shared/contract/fake_answers.ts";
import { fakeAccess, fakeKey } from "../../callers/fake_access.ts";
import { assertProblem, createFakeApp, type FakeAppOptions, leaseStates } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import {
  embedding,
  failingWorker,
  type FakeWorker,
  refusing,
} from "../../recognition/fake_worker_client.ts";

const ADMIN = {
  collection: "default",
  key: undefined,
  requestId: "request-0",
  signal: new AbortController().signal,
};

/** Makes an app whose gallery has these users, each with the face of the same name. */
async function setUp(users: readonly string[], options: FakeAppOptions = {}) {
  const gallery = new FakeGallery();
  for (const user of users) await enrol(gallery, user, user);
  gallery.calls.length = 0;
  return { gallery, ...createFakeApp({ gallery, ...options }) };
}

async function enrol(gallery: FakeGallery, userId: string, face: string, collection = "default") {
  const admin = { ...ADMIN, collection };
  await gallery.putUser(admin, userId, { name: MATCH.user_name });
  await gallery.addTemplate(admin, userId, {
    embedding: new TextEncoder().encode(face.padEnd(8)),
    model: WORKER_MODELS.recognition,
    photoSha256: face,
    force: true,
  });
}

Deno.test("a match and a non-match look as in the other mode", async () => {
  const { post, lines, call, gallery } = await setUp(["user1"], {
    free: 2,
    workers: [embedding("user1"), embedding("somebody")],
  });
  assertEquals(await (await post()).json(), { ...MATCH, duration_ms: 0 });
  assertEquals(await (await post()).json(), { ...NON_MATCH, duration_ms: 0 });
  assertEquals(
    lines.filter(({ msg }) => msg === "request")
      .map(({ outcome, worker_ms, gallery_ms }) => [outcome, worker_ms, gallery_ms]),
    [
      ["matched", 0, 0],
      ["not_matched", 0, 0],
    ],
  );
  const metrics = await (await call("/metrics")).text();
  for (const outcome of ["matched", "not_matched"]) {
    assert(metrics.includes(`face_it_authenticate_seconds_count{outcome="${outcome}"} 1`), outcome);
  }
  assertEquals(
    gallery.calls.map(({ purpose }) => purpose),
    // After a decision, the next search need not ask first.
    ["check_decision", "decide", "decide"],
  );
});

Deno.test("with user_id, the gallery compares only with that user", async () => {
  const { post } = await setUp(["user1", "user2"], {
    free: 3,
    workers: Array<FakeWorker>(3).fill(embedding("user1")),
  });
  for (const [userId, matched] of [["user1", true], ["user2", false], ["unknown", false]]) {
    const response = await post({}, `/authenticate?user_id=${userId}`);
    assertEquals((await response.json()).matched, matched, `${userId}`);
  }
});

Deno.test("a face of several users is refused", async () => {
  const { post, gallery } = await setUp(["user1"], { workers: [embedding("user1")] });
  await enrol(gallery, "user2", "user1");
  await assertProblem(await post(), "ambiguous_match");
});

Deno.test("a caller finds only the users of its key's collection", async () => {
  const own = fakeKey(["authenticate"], { collection: "shop" });
  const { post, gallery } = await setUp(["user1"], {
    free: 2,
    workers: [embedding("user1"), embedding("face of the shop")],
    access: fakeAccess({ keys: [own.entry] }),
  });
  await enrol(gallery, "user1", "face of the shop", "shop");
  gallery.calls.length = 0;
  const headers = { Authorization: `Bearer ${own.text}` };
  assertEquals((await (await post({ headers })).json()).matched, false);
  assertEquals((await (await post({ headers })).json()).matched, true);
  for (const [i, purpose] of ["check_decision", "decide"].entries()) {
    assertEquals(gallery.calls[i], { purpose, collection: "shop", key: own.entry.id });
  }
});

Deno.test("a search asks first if it is allowed, unless the last decision told it", async () => {
  const { post, gallery } = await setUp(["user1"], {
    free: 7,
    workers: ["somebody", "user1", "somebody", "user1", "user1", "user1", "user1"].map(embedding),
  });
  const purposes = async (path = "/authenticate") => {
    gallery.calls.length = 0;
    assertEquals((await post({}, path)).status, 200);
    return gallery.calls.map(({ purpose }) => purpose);
  };
  const both = ["check_decision", "decide"];
  assertEquals(await purposes(), both);
  assertEquals(await purposes(), ["decide"], "after a non-match");
  gallery.refusesNext = true;
  assertEquals(await purposes(), ["decide"], "after a match");
  assertEquals(await purposes(), both, "after a decision that refuses the next");
  gallery.refusesNext = false;
  assertEquals(await purposes(), both, "after another one");
  assertEquals(await purposes("/authenticate?client_ref=phone"), both, "of another client");
  assertEquals(await purposes("/authenticate?user_id=user1"), both, "of one user");
});

Deno.test("a decision that is refused or fails makes the next search ask first", async () => {
  for (const failure of ["too_many_attempts", "away"] as const) {
    const { post, gallery } = await setUp(["user1"], {
      free: 3,
      workers: ["user1", "user1", "user1"].map(embedding),
    });
    assertEquals((await post()).status, 200);
    if (failure === "away") gallery.down = true;
    else gallery.refused.set(undefined, failure);
    const codes = [];
    for (let i = 0; i < 2; i++) codes.push((await (await post()).json()).code);
    const code = failure === "away" ? "gallery_unavailable" : failure;
    assertEquals(codes, [code, code]);
    assertEquals(
      gallery.calls.map(({ purpose }) => purpose),
      ["check_decision", "decide", "decide", "check_decision"],
    );
  }
});

Deno.test("the worker is released before the gallery is asked", async () => {
  const { post, pool, gallery } = await setUp(["user1"], { workers: [embedding("user1")] });
  let states: string[] = [];
  gallery.onCall = () => {
    states = leaseStates(pool);
  };
  assertEquals((await post()).status, 200);
  assertEquals(states, ["kept"]);
});

Deno.test("a gallery that is away gives 503, never a match, and costs at most one worker", async () => {
  for (const callsBefore of [0, 1]) {
    const { post, pool, gallery } = await setUp(["user1"], { workers: [embedding("user1")] });
    gallery.onCall = () => {
      gallery.down = gallery.calls.length > callsBefore;
    };
    const response = await post();
    await assertProblem(response, "gallery_unavailable");
    assertEquals(response.headers.get("Retry-After"), "2");
    assertEquals(leaseStates(pool), callsBefore === 0 ? [] : ["kept"]);
    assertEquals(gallery.calls.length, callsBefore + 1);
  }
});

Deno.test("a gallery that has no address gives 503 before a worker is claimed", async () => {
  for (const path of ["/authenticate", "/authenticate?user_id=user1", "/users/user1/templates"]) {
    const { post, pool, client, gallery } = await setUp(["user1"]);
    gallery.hasAddress = false;
    const response = await post({}, path);
    await assertProblem(response, "gallery_unavailable");
    assertEquals(response.headers.get("Retry-After"), "2");
    assertEquals([leaseStates(pool), client.calls.length, gallery.calls.length], [[], 0, 0], path);
  }
});

Deno.test("a refusal or a failure of the worker never reaches the gallery", async () => {
  for (
    const [worker, code] of [
      [refusing("no_face", "No face was found in the picture"), "no_face"],
      [failingWorker, "worker_failed"],
    ] as const
  ) {
    const { post, gallery } = await setUp(["user1"], { workers: [worker] });
    await assertProblem(await post(), code);
    // It is asked before the worker, and told nothing after it.
    assertEquals(gallery.calls.map(({ purpose }) => purpose), ["check_decision"]);
  }
});

Deno.test("a request whose time ends while the gallery decides gets deadline_exceeded", async () => {
  const { post, gallery } = await setUp(["user1"], {
    workers: [embedding("user1")],
    limits: { requestTimeoutMs: 20 },
  });
  gallery.onCall = ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  await assertProblem(await post(), "deadline_exceeded");
});

Deno.test("the embedding is in no answer and no log line, and its memory is freed", async () => {
  const bytes = new TextEncoder().encode("secretly");
  const worker: FakeWorker = async (signal) => {
    const result = await embedding("secretly")(signal);
    if (result.kind !== "answer" || !("embedding" in result.answer)) throw new TypeError();
    return { ...result, answer: { ...result.answer, embedding: bytes } };
  };
  const { post, lines } = await setUp(["user1"], { workers: [worker] });
  const response = await post();
  for (const text of [await response.text(), JSON.stringify(lines), ...response.headers.values()]) {
    assert(!text.includes("secretly") && !text.includes("115,101,99"), text);
  }
  assertEquals(bytes.length, 0);
});

Deno.test("the service is ready when a worker has been ready and the gallery has answered", async () => {
  const { call, gallery } = await setUp([]);
  gallery.reached = false;
  assertEquals((await call("/ready")).status, 503);
  await gallery.check();
  assertEquals((await call("/ready")).status, 200);
  gallery.down = true;
  assertEquals((await call("/ready")).status, 200, "one failure does not remove all replicas");
});

Deno.test("/models has the rule and the counts of the gallery, and the models of the worker", async () => {
  const own = fakeKey(["verify"], { collection: "shop" });
  const { call, post, gallery } = await setUp(["user1"], {
    workers: [embedding("user1")],
    access: fakeAccess({ keys: [own.entry] }),
  });
  await enrol(gallery, "user2", "face of the shop", "shop");
  const headers = { Authorization: `Bearer ${own.text}` };
  const before = await (await call("/models", { headers })).json();
  assertEquals(before.models, []);
  assertEquals(before.match, WORKER_MODELS.match);
  assertEquals(before.calibration, WORKER_MODELS.calibration);
  assertEquals(before.templates, [
    { model: WORKER_MODELS.recognition, users: 1, templates: 1 },
  ]);
  await post({ headers }, "/authenticate?user_id=user2");
  const after = await (await call("/models", { headers })).json();
  assertEquals(after.models.length, 3);
  gallery.down = true;
  await assertProblem(await call("/models", { headers }), "gallery_unavailable");
});
