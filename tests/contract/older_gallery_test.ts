// During a rollout, an api talks to a gallery of the version before, or the other way round. The forms
// here are those of the version before tries, consent and the audit: it refuses claims and fields that
// it does not know.

import { assertEquals } from "@std/assert";
import { fakeAccess, fakeKey } from "../../api/callers/fake_access.ts";
import { createFakeApp, PNG } from "../../api/fake_app.ts";
import { createGalleryClient, type GalleryClient } from "../../api/gallery/gallery_client.ts";
import { embedding } from "../../api/recognition/fake_worker_client.ts";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { CALLS } from "../../gallery/fake_caller.ts";
import { face, MODEL, photo } from "../../gallery/fake_faces.ts";
import { installFake } from "../../gallery/fake_gallery.ts";
import { WORKER_MODELS } from "../../shared/contract/fake_answers.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { createGalleryTokenVerifier } from "../../shared/http/gallery_token.ts";

const KEYS = fakeTokenKeys();
const { small } = MODEL_MANIFEST.models.recognition;
/** The recognition model's files that the gallery before knows, and the one that workers have now. */
const KNOWN_FILES = [small.sha256, small.earlier_prepared_sha256[0]!],
  NEW_FILE = small.prepared_sha256!;
const CLAIMS = new Set(
  "purpose collection key user_id template_id body_sha256 query_sha256 model photo_sha256 force only_new"
    .split(" "),
);
const TIME = "2026-01-31T12:00:00.000Z";
const USER = {
  user_id: "user1",
  name: "User One",
  consent_ref: null,
  expires_at: null,
  created_at: TIME,
  updated_at: TIME,
  last_seen_at: null,
};
const TEMPLATE = { template_id: "t1", model: MODEL, created_at: TIME };
const MODELS = {
  match: { on: "cosine", threshold: 0.5, cosine: 0.5 },
  calibration: null,
  templates: [{ model: MODEL, users: 1, templates: 1 }],
};

/** The answers of the gallery before, by method and path. */
const ANSWERS: Readonly<Record<string, readonly [status: number, body: unknown]>> = {
  "POST /decisions": [
    200,
    { matched: true, user_id: "user1", user_name: "User One", confidence: 1, similarity: 1 },
  ],
  "PUT /users/user1": [201, { ...USER, templates: 0 }],
  "GET /users/user1": [200, { ...USER, templates: [TEMPLATE] }],
  "GET /users/user1/export": [200, { collection: "default", ...USER, templates: [TEMPLATE] }],
  "POST /users/user1/templates": [201, TEMPLATE],
  "GET /models": [200, MODELS],
};

interface OlderGallery extends AsyncDisposable {
  readonly client: GalleryClient;
}

function olderGallery(): OlderGallery {
  const verify = createGalleryTokenVerifier({ keys: () => KEYS.verifying });
  const problem = (status: number, title: string, detail: string, code: string) =>
    Response.json({ type: "about:blank", title, status, detail, code, request_id: "r" }, {
      status,
      headers: { "Content-Type": "application/problem+json" },
    });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    await request.bytes();
    const answer = ANSWERS[`${request.method} ${new URL(request.url).pathname}`];
    if (answer === undefined) {
      return problem(404, "Not found", "There is nothing at this path", "not_found");
    }
    const { claims } = await verify(request.headers.get("Authorization") ?? "");
    if (!Object.keys(claims).every((name) => CLAIMS.has(name))) {
      const detail = "The request has no valid token for the gallery";
      return problem(401, "Unauthorized", detail, "unauthorized");
    }
    // It has no calibration for any other file.
    if (claims.model !== undefined && !KNOWN_FILES.includes(claims.model)) {
      const detail = "The gallery cannot answer at the moment";
      return problem(503, "Gallery unavailable", detail, "gallery_unavailable");
    }
    const [status, body] = answer;
    return Response.json(body, { status });
  });
  const client = createGalleryClient({
    url: () => new URL(`http://127.0.0.1:${server.addr.port}`),
    keys: () => KEYS.signing,
    metrics: { galleryCalled: () => {} },
    now: () => 0,
  });
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await server.shutdown();
    },
  };
}

Deno.test("an api recognises, enrols and reads users with a gallery of the version before", async () => {
  await using older = olderGallery();
  const { text, entry } = fakeKey(["authenticate", "enrol", "admin"]);
  const headers = { Authorization: `Bearer ${text}` };
  const { call } = createFakeApp({
    gallery: older.client,
    access: fakeAccess({ keys: [entry] }),
    // That version had this policy, and no threshold.
    policy: { liveness: "observe", livenessThreshold: undefined, quality: "enforce" },
    free: 2,
    workers: Array(2).fill(async (signal: AbortSignal) => {
      const result = await embedding("somebody")(signal);
      if (result.kind !== "answer" || !("embedding" in result.answer)) return result;
      const { answer } = result;
      const face = { ...answer.face, liveness: 0.187 };
      const models = { ...WORKER_MODELS, recognition: NEW_FILE };
      return { ...result, models, answer: { ...answer, face, model: NEW_FILE } };
    }),
  });
  const json = { ...headers, "Content-Type": "application/json" };
  const expiring = JSON.stringify({ name: "User One", expires_at: "2030-01-31T12:00:00Z" });
  const ask = async (path: string, init: RequestInit = {}) => {
    const { status, body } = await call(path, { headers, ...init })
      .then(async (response) => ({ status: response.status, body: await response.json() }));
    return [status, body.code ?? body.user_id ?? body.template_id ?? body.requires_consent, body];
  };
  const picture = { method: "POST", body: PNG } as const;
  assertEquals((await ask("/authenticate", picture)).slice(0, 2), [200, "user1"]);
  const put = { method: "PUT", headers: { ...json, "If-None-Match": "*" }, body: expiring };
  assertEquals((await ask("/users/user1", put)).slice(0, 2), [201, "user1"]);
  assertEquals((await ask("/users/user1/templates", picture)).slice(0, 2), [201, "t1"]);
  for (const path of ["/users/user1", "/users/user1/export"]) {
    const [status, , body] = await ask(path);
    // That gallery locks nobody.
    assertEquals([status, body.locked], [200, false]);
  }
  assertEquals((await ask("/models")).slice(0, 2), [200, false]);
});

Deno.test("what a gallery of the version before cannot do is refused", async () => {
  await using older = olderGallery();
  const { text, entry } = fakeKey(["authenticate", "admin", "audit"], { liveness: "enforce" });
  const headers = { Authorization: `Bearer ${text}` };
  const { call } = createFakeApp({
    gallery: older.client,
    access: fakeAccess({ keys: [entry] }),
    free: 2,
    workers: [embedding("somebody"), embedding("somebody")],
  });
  const cases: [path: string, init: RequestInit][] = [
    // The key enforces liveness.
    ["/authenticate", { method: "POST", body: PNG }],
    ["/authenticate?client_ref=c1", { method: "POST", body: PNG }],
    ["/users/user1/unlock", { method: "POST" }],
    ["/audit", {}],
  ];
  for (const [path, init] of cases) {
    const response = await call(path, { headers, ...init });
    assertEquals([response.status, (await response.json()).code], [503, "gallery_unavailable"]);
  }
});

Deno.test("an api of the version before understands the answers of this gallery", async () => {
  await using installation = await installFake();
  const { call } = await installation.replica();
  const keysOf = async (made: Parameters<typeof call>[0]) => Object.keys((await call(made)).body);
  const user = Object.keys({ ...USER, templates: 0 });
  assertEquals(await keysOf(CALLS.putUser("user1", { name: "User One" })), user);
  assertEquals(
    await keysOf(CALLS.addTemplate("user1", face(0), photo(0))),
    Object.keys(TEMPLATE),
  );
  assertEquals(await keysOf(CALLS.about("get_user", "user1")), user);
  assertEquals(await keysOf(CALLS.about("export_user", "user1")), ["collection", ...user]);
  assertEquals(await keysOf(CALLS.describe()), Object.keys(MODELS));
  assertEquals(await keysOf(CALLS.decide(face(0), { model: MODEL })), [
    ...["matched", "user_id", "user_name", "confidence", "similarity"],
  ]);
});
