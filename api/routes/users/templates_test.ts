import { assert, assertEquals } from "@std/assert";
import { EnrolledTemplateSchema } from "../../../shared/contract/users.ts";
import { WORKER_MODELS } from "../../../shared/contract/fake_answers.ts";
import { sha256 } from "../../../shared/sha256.ts";
import { fakeAccess, fakeKey } from "../../callers/fake_access.ts";
import {
  assertProblem,
  createFakeApp,
  type FakeAppOptions,
  leaseStates,
  PNG,
} from "../../fake_app.ts";
import { FakeGallery } from "../../gallery/fake_gallery.ts";
import { embedding, type FakeWorker, refusing } from "../../recognition/fake_worker_client.ts";
import { png } from "../../../tests/support/png.ts";

const PATH = "/users/user1/templates";
const OTHER_PNG = png({ width: 1, height: 1 }, [[0, 255, 0]]);

/** Makes an app with two users without templates. */
async function setUp(workers: readonly FakeWorker[], options: FakeAppOptions = {}) {
  const gallery = new FakeGallery();
  const made = createFakeApp({ gallery, workers, free: workers.length, ...options });
  const { signal } = new AbortController();
  const admin = { collection: "default", key: undefined, requestId: "request-0", signal };
  for (const userId of ["user1", "user2"]) await gallery.putUser(admin, userId, { name: userId });
  gallery.calls.length = 0;
  return { ...made, gallery };
}

Deno.test("a template is made of one picture, and the answer has its quality", async () => {
  const { post, client, lines } = await setUp([embedding("face 1"), embedding("face 1")]);
  const created = await post({}, PATH);
  assertEquals(created.status, 201);
  const template = EnrolledTemplateSchema.parse(await created.json());
  assertEquals(template.model, WORKER_MODELS.recognition);
  assertEquals(template.quality.embedding_length, 9);
  assertEquals(client.calls[0]!.forTemplate, true);
  // The same photo makes one template.
  const again = await post({}, PATH);
  assertEquals([again.status, (await again.json()).template_id], [200, template.template_id]);
  for (const line of lines) assert(!JSON.stringify(line).includes("user1"));
});

Deno.test("the gallery learns the sha256 of the picture, the model and the caller", async () => {
  const key = fakeKey(["enrol"], { collection: "default" });
  const { post, gallery } = await setUp([embedding("face 1")], {
    access: fakeAccess({ keys: [key.entry] }),
  });
  const sent: unknown[] = [];
  const add = gallery.addTemplate.bind(gallery);
  gallery.addTemplate = (caller, userId, template) => {
    const { model, photoSha256, force } = template;
    sent.push({ key: caller.key, userId, model, photoSha256, force });
    return add(caller, userId, template);
  };
  assertEquals(
    (await post({ headers: { Authorization: `Bearer ${key.text}` } }, PATH)).status,
    201,
  );
  assertEquals(sent, [{
    key: key.entry.id,
    userId: "user1",
    model: WORKER_MODELS.recognition,
    photoSha256: await sha256(PNG as Uint8Array<ArrayBuffer>),
    force: false,
  }]);
});

Deno.test("the three forms of a body give the same template; none may have a user_id", async () => {
  const form = new FormData();
  form.set("image", new Blob([PNG as Uint8Array<ArrayBuffer>]));
  const json = { "Content-Type": "application/json" };
  const image_base64 = PNG.toBase64();
  const { post, gallery } = await setUp(Array<FakeWorker>(3).fill(embedding("face 1")));
  const ids = new Set<string>();
  for (
    const init of [{}, { body: form }, { headers: json, body: JSON.stringify({ image_base64 }) }]
  ) {
    ids.add((await (await post(init, PATH)).json()).template_id);
  }
  assertEquals(ids.size, 1);
  gallery.calls.length = 0;
  form.set("user_id", "user2");
  for (
    const [init, path] of [
      [{ body: form }, PATH],
      [{ headers: json, body: JSON.stringify({ image_base64, user_id: "user1" }) }, PATH],
      [{}, `${PATH}?user_id=user1`],
    ] as const
  ) {
    const detail = await assertProblem(await post(init, path), "invalid_request");
    assert(detail.includes("user_id"), detail);
  }
  assertEquals(gallery.calls, []);
});

Deno.test("what is unlike the user, or like another user, is refused", async () => {
  const { post } = await setUp([
    embedding("face 1"),
    embedding("face 2"),
    embedding("face 1"),
    embedding("face 1"),
  ]);
  assertEquals((await post({}, PATH)).status, 201);
  const other = { body: OTHER_PNG };
  await assertProblem(await post(other, PATH), "not_the_same_person");
  const detail = await assertProblem(
    await post(other, "/users/user2/templates"),
    "belongs_to_another_user",
  );
  assert(!detail.includes("user1"), "it names nobody");
  assertEquals((await post(other, "/users/user2/templates?force=true")).status, 201);
});

Deno.test("a bad force is refused before the body is read", async () => {
  const { post, pool } = await setUp([]);
  for (const force of ["", "1", "yes", "TRUE"]) {
    await assertProblem(await post({}, `${PATH}?force=${force}`), "invalid_request");
  }
  assertEquals(pool.leases, []);
});

Deno.test("an unknown user gets 404, and a refused picture its code; both keep the worker", async () => {
  const { post, pool, gallery } = await setUp([
    embedding("face 1"),
    refusing("face_not_upright", "The face is not upright: turn the picture"),
  ]);
  await assertProblem(await post({}, "/users/nobody/templates"), "user_not_found");
  await assertProblem(await post({}, PATH), "face_not_upright");
  assertEquals(leaseStates(pool), ["kept", "kept"]);
  assertEquals(
    gallery.calls.map(({ purpose }) => purpose),
    ["check_enrolment", "add_template", "check_enrolment"],
  );
});

Deno.test("after too many failed attempts an enrolment costs no worker", async () => {
  const { post, pool, gallery } = await setUp([]);
  gallery.refused.set("user1", "too_many_attempts");
  const response = await post({}, PATH);
  assertEquals(response.headers.get("Retry-After"), "30");
  await assertProblem(response, "too_many_attempts");
  gallery.refused.set("user1", "locked");
  await assertProblem(await post({}, PATH), "locked");
  assertEquals(pool.leases, []);
});

Deno.test("enrolments and requests share the queue and the limit on bytes", async () => {
  const { post } = await setUp([], { free: 0, limits: { queueLimit: 0 } });
  await assertProblem(await post({}, PATH), "no_worker_available");
  await assertProblem(await post({}), "no_worker_available");
});

Deno.test("a template is deleted, and deleting it again changes nothing", async () => {
  const { post, call } = await setUp([embedding("face 1")]);
  const { template_id } = await (await post({}, PATH)).json();
  for (let time = 0; time < 2; time++) {
    const deleted = await call(`${PATH}/${template_id}`, { method: "DELETE" });
    assertEquals([deleted.status, await deleted.text()], [204, ""]);
  }
  assertEquals((await (await call("/users/user1")).json()).templates, []);
});
