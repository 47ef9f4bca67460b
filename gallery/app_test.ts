import { assert, assertEquals } from "@std/assert";
import { createFakeLog } from "../shared/fake_log.ts";
import { createGalleryApp } from "./app.ts";
import { CALLS, requestOf, signCall } from "./fake_caller.ts";
import { face, MODEL } from "./fake_faces.ts";
import { installFake } from "./fake_gallery.ts";
import { createGalleryMetrics } from "./metrics.ts";
import { StoreUnavailable } from "./store/store.ts";

Deno.test("/ready answers 503 until the gallery is loaded, and calls get 503", async () => {
  const app = createGalleryApp({
    verifyToken: () =>
      Promise.resolve({
        jti: "j",
        refusedAfterMs: 0,
        claims: { purpose: "describe", collection: "default" },
      }),
    gallery: () => undefined,
    storeAnswers: () => true,
    bodyTimeoutMs: 1000,
    answerTimeoutMs: 1000,
    metrics: createGalleryMetrics(),
    log: createFakeLog().log,
    now: () => 0,
    newRequestId: () => "request-1",
  });
  const get = async (path: string) => {
    const response = await app.fetch(new Request(`http://gallery${path}`));
    return [response.status, await response.text()] as const;
  };
  assertEquals(await get("/ready"), [503, '{"status":"unavailable"}']);
  assertEquals(await get("/health"), [200, '{"status":"ok"}']);
  const [status, text] = await get("/models");
  assertEquals([status, JSON.parse(text).code], [503, "gallery_unavailable"]);
  assert((await get("/metrics"))[1].includes("face_it_gallery_users 0"));
});

Deno.test("/ready answers 503 while the store is away, and while the service ends", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  const ready = async () => (await replica.get("/ready")).status;
  assertEquals(await ready(), 200);
  replica.watch.failed(new StoreUnavailable("away"));
  assertEquals(await ready(), 503);
  assertEquals((await replica.get("/health")).status, 200);
  replica.watch.answered();
  assertEquals(await ready(), 200);
  replica.app.drain();
  assertEquals(await ready(), 503);
  assertEquals((await replica.call(CALLS.describe())).status, 200);
});

Deno.test("a client that goes away is no error of the service", async () => {
  await using installation = await installFake();
  const { app } = await installation.replica();
  const call = CALLS.putUser("user1", { name: "User One" });
  const gone = new AbortController();
  const request = requestOf(
    "http://gallery",
    call,
    `Bearer ${signCall(call, installation.keys.signing, installation.clock.now)}`,
  );
  const body = new ReadableStream({ pull: () => gone.abort() }, { highWaterMark: 0 });
  const { headers, method, url } = request;
  const response = await app.fetch(
    new Request(url, { method, headers, body, signal: gone.signal }),
  );
  assertEquals(response.status, 499);
  const lines = installation.lines.filter(({ msg }) =>
    msg === "request" || msg === "unexpected error"
  );
  assertEquals(lines.map(({ msg, outcome }) => [msg, outcome]), [["request", "client_gone"]]);
});

Deno.test("/metrics counts decisions, users and templates", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  await replica.call(CALLS.putUser("user1", { name: "User One" }));
  const claims = { model: MODEL, photo_sha256: "0".repeat(64) };
  await replica.call(CALLS.addTemplate("user1", face(0), claims));
  for (const person of [0, 1, 1]) {
    await replica.call(CALLS.decide(face(person), { model: MODEL }));
  }
  const { body: text, headers } = await replica.get("/metrics");
  assert(headers.get("Content-Type")!.startsWith("text/plain"));
  for (
    const line of [
      'face_it_gallery_decision_seconds_count{outcome="matched"} 1',
      'face_it_gallery_decision_seconds_count{outcome="not_matched"} 2',
      "face_it_gallery_users 1",
      "face_it_gallery_templates 1",
      "face_it_gallery_store_errors_total 0",
      "face_it_gallery_catch_up_seconds_count 0",
    ]
  ) assert(text.includes(line), `${line}\n${text}`);
  assert(!text.includes("user1"));
});

Deno.test("unknown paths and methods are refused", async () => {
  await using installation = await installFake();
  const replica = await installation.replica();
  const { status, body } = await replica.get("/authenticate");
  assertEquals([status, body.code], [404, "not_found"]);
  const wrong = await replica.app.fetch(new Request("http://gallery/decisions"));
  assertEquals([wrong.status, wrong.headers.get("Allow")], [405, "POST"]);
  await wrong.body?.cancel();
});
