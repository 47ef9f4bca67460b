// POST /authenticate after too many failed attempts, and the client_ref that they are counted for.

import { assertEquals } from "@std/assert";
import { answering, embedding } from "../../recognition/fake_worker_client.ts";
import { assertProblem, createFakeApp, leaseStates, PNG } from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import { galleryProblem } from "../../gallery/gallery_problem.ts";
import { MATCH } from "../../../shared/contract/fake_answers.ts";

Deno.test("after too many failed attempts a request costs no worker", async () => {
  const gallery = new FakeGallery();
  const { post, pool, call } = createFakeApp({ gallery });
  for (const userId of [undefined, "user1"]) {
    for (const code of ["too_many_attempts", "locked"] as const) {
      gallery.refused.set(userId, code);
      const path = userId === undefined ? "/authenticate" : `/authenticate?user_id=${userId}`;
      const response = await post({}, path);
      assertEquals(response.headers.get("Retry-After"), code === "locked" ? null : "30");
      await assertProblem(response, code);
    }
  }
  assertEquals(pool.leases, []);
  const metrics = await (await call("/metrics")).text();
  for (const code of ["too_many_attempts", "locked"]) {
    const [, count] = new RegExp(`authenticate_seconds_count{outcome="${code}"} (\\d)`)
      .exec(metrics)!;
    assertEquals(count, "2", code);
  }
});

Deno.test("a decision that is refused after the worker has answered tells nothing else", async () => {
  const gallery = new FakeGallery();
  const { post, pool } = createFakeApp({ gallery, workers: [embedding("user1")] });
  gallery.onCall = () => {
    if (gallery.calls.length === 2) gallery.refused.set("user1", "too_many_attempts");
  };
  const response = await post({}, "/authenticate?user_id=user1");
  assertEquals(response.headers.get("Retry-After"), "30");
  await assertProblem(response, "too_many_attempts");
  assertEquals(leaseStates(pool), ["kept"]);
});

/** Requests with a client_ref in each of the three forms. */
function withClientRef(text: string): [path: string, init: RequestInit][] {
  const form = new FormData();
  form.append("image", new Blob([PNG]), "p.png");
  form.append("client_ref", text);
  return [
    [`/authenticate?client_ref=${encodeURIComponent(text)}`, {}],
    ["/authenticate", {
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image_base64: PNG.toBase64(), client_ref: text }),
    }],
    ["/authenticate", { body: form }],
  ];
}

Deno.test("the gallery gets the client_ref of each form, as it is", async () => {
  // Unlike a user_id, it is not normalised: it is the application's own text.
  for (const text of ["phone", "Rene\u0301", "x".repeat(256), '"\\']) {
    for (const [path, init] of withClientRef(text)) {
      const gallery = new FakeGallery();
      const { post } = createFakeApp({ gallery, workers: [embedding("user1")] });
      assertEquals((await post(init, path)).status, 200);
      assertEquals(gallery.calls.map(({ clientRef }) => clientRef), [text, text]);
    }
  }
});

Deno.test("a client_ref that is bad, contradictory or sent with an enrolment is refused", async () => {
  const gallery = new FakeGallery();
  const { post, pool } = createFakeApp({ gallery });
  for (const text of ["", "a\u0000b", "x".repeat(257), "\u0085"]) {
    for (const [path, init] of withClientRef(text)) {
      await assertProblem(await post(init, path), "invalid_request");
    }
  }
  const [, json, form] = withClientRef("phone");
  for (const [, init] of [json!, form!]) {
    await assertProblem(await post(init, "/authenticate?client_ref=other"), "invalid_request");
    await assertProblem(await post(init, "/users/user1/templates"), "invalid_request");
  }
  const path = "/users/user1/templates?client_ref=phone";
  await assertProblem(await post({}, path), "invalid_request");
  assertEquals([pool.leases, gallery.calls], [[], []]);
});

Deno.test("when the workers hold the gallery, a client_ref is refused and costs no worker", async () => {
  const { post, pool } = createFakeApp({ workers: [answering(MATCH)] });
  for (const [path, init] of withClientRef("phone")) {
    await assertProblem(await post(init, path), "gallery_is_static");
  }
  assertEquals(pool.leases, []);
  assertEquals((await post()).status, 200);
});

Deno.test("only a Retry-After of whole seconds reaches a client", () => {
  const retry = (text?: string) =>
    galleryProblem("decide", "too_many_attempts", text)?.retryAfterSeconds;
  assertEquals([retry("1"), retry("30"), retry("999999")], [1, 30, 999_999]);
  for (const text of [undefined, "", "0", "-1", "1.5", "1000000", "Thu, 01 Jan 2026", "1, 2"]) {
    assertEquals(retry(text), undefined);
  }
  // A lock has no end.
  assertEquals(galleryProblem("decide", "locked", "30")?.retryAfterSeconds, undefined);
});
