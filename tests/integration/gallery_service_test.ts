// Tests of the real gallery service, with real sockets, on both stores.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { fakeTokenKeys } from "../../shared/http/fake_token_keys.ts";
import { makeTemplateKey } from "../../shared/template_keys.ts";
import type { FakeCall } from "../../gallery/fake_caller.ts";
import { eventually } from "../support/eventually.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { CALLS, type GalleryInstallation, installGallery } from "../support/gallery_service.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres.ts";
import type { Service } from "../support/service.ts";

const MODEL = MODEL_MANIFEST.models.recognition.small.sha256;
const { embedding, photo } = newTemplate(1, 512);
const PUT = CALLS.putUser("user1", { name: "User One" });
const ADD = CALLS.addTemplate("user1", embedding, { model: MODEL, photo_sha256: photo.toHex() });
const DECIDE = CALLS.decide(embedding, { model: MODEL });
const DELETE = CALLS.about("delete_user", "user1");

/** Returns the status of each answer and, of a decision, if it is a match. */
async function run(
  gallery: GalleryInstallation,
  steps: readonly (readonly [Service, FakeCall])[],
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const [service, call] of steps) {
    const { status, text } = await gallery.call(service, call);
    results.push(call === DECIDE && status === 200 ? JSON.parse(text).matched : status);
  }
  return results;
}

Deno.test("a user that is enrolled is recognised by the next call, and a deleted one is not", async () => {
  await using gallery = await installGallery();
  await using service = gallery.start();
  await service.untilReady();
  const calls = [DECIDE, PUT, ADD, DECIDE, ADD, DELETE, DECIDE];
  assertEquals(await run(gallery, calls.map((call) => [service, call])), [
    ...[false, 201, 201, true, 200, 204, false],
  ]);
  const log = JSON.stringify(service.log);
  assert(!log.includes("user1") && !log.includes("User One"), log);
});

needs("postgres")("two replicas on PostgreSQL answer as one", async () => {
  await using server = await startPostgres();
  await using gallery = await installGallery(await server.newDatabase());
  await using a = gallery.start();
  await using b = gallery.start();
  await Promise.all([a.untilReady(), b.untilReady()]);
  const steps = [[a, PUT], [b, ADD], [a, DECIDE], [b, DECIDE], [a, DELETE], [b, DECIDE]] as const;
  assertEquals(await run(gallery, steps), [201, 201, true, true, 204, false]);
  for (let i = 0; i < 10; i++) {
    const steps = [[b, PUT], [a, ADD], [b, DECIDE], [b, DELETE], [a, DECIDE]] as const;
    assertEquals(await run(gallery, steps), [201, 201, true, 204, false]);
  }
});

needs("postgres")("a database that is away gives 503, and the service finds it again", async () => {
  await using server = await startPostgres();
  await using gallery = await installGallery(await server.newDatabase());
  await using service = gallery.start();
  await service.untilReady();
  assertEquals(await run(gallery, [[service, PUT], [service, ADD]]), [201, 201]);
  await server.kill();
  assertEquals(await run(gallery, [[service, DECIDE], [service, DELETE]]), [503, 503]);
  const { headers } = await gallery.call(service, DECIDE);
  assertEquals(headers.get("Retry-After"), "1");
  const ready = async () => (await service.get("/ready")).status === 200;
  await eventually(async () => !await ready(), "the service is not ready");
  await server.restart();
  await eventually(ready, "the service is ready again");
  assertEquals(await run(gallery, [[service, DECIDE]]), [true]);
  const messages = service.log.map(({ msg }) => msg);
  for (const message of ["is away", "answers again"]) {
    const text = `the gallery's database ${message}`;
    assertEquals(messages.filter((line) => line === text).length, 1, text);
  }
});

needs("postgres")("a service that starts before its database waits for it", async () => {
  await using server = await startPostgres();
  await using gallery = await installGallery(await server.newDatabase());
  await server.kill();
  await using service = gallery.start();
  await service.untilListening();
  assertEquals((await service.get("/health")).status, 200);
  assertEquals((await service.get("/ready")).status, 503);
  assertEquals(await run(gallery, [[service, DECIDE]]), [503]);
  await server.restart();
  await service.untilReady();
  assertEquals(await run(gallery, [[service, DECIDE]]), [false]);
});

Deno.test("after a kill, everything that was acknowledged is there", async () => {
  await using gallery = await installGallery();
  const service = gallery.start();
  await service.untilReady();
  const acknowledged = new Set<string>();
  const put = async (id: string) => {
    const { status } = await gallery.call(service, CALLS.putUser(id, { name: id }));
    if (status === 201) acknowledged.add(id);
  };
  assertEquals(await run(gallery, [[service, PUT], [service, ADD]]), [201, 201]);
  const puts = Array.from({ length: 200 }, (_, i) => put(`other${i}`).catch(() => {}));
  await eventually(() => acknowledged.size >= 20, "some users are stored");
  service.kill("SIGKILL");
  await Promise.all(puts);
  await service.exitCode();
  await service.leavesNothing();
  await using again = gallery.start();
  await again.untilReady();
  const { text } = await gallery.call(again, CALLS.list("?limit=1000"));
  const stored = new Set(JSON.parse(text).users.map((user: { user_id: string }) => user.user_id));
  for (const id of acknowledged) assert(stored.has(id), id);
  assertEquals(await run(gallery, [[again, DECIDE], [again, DELETE], [again, DECIDE]]), [
    ...[true, 204, false],
  ]);
});

Deno.test("SIGTERM lets a call end that has begun", async () => {
  await using gallery = await installGallery();
  await using service = gallery.start();
  await service.untilReady();
  // The head of the request arrives before the signal, its body afterwards.
  const { body, claims } = PUT;
  const send = Promise.withResolvers<void>();
  const late = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(body!.subarray(0, 1));
      await send.promise;
      controller.enqueue(body!.subarray(1));
      controller.close();
    },
  });
  const answer = gallery.call(service, { ...PUT, body: late as never, claims });
  await eventually(
    async () => (await service.metric("face_it_gallery_open_calls")) === 1,
    "the call has begun",
  );
  const ended = service.stop();
  await eventually(
    async () => (await service.get("/ready")).status === 503,
    "the service drains",
  );
  send.resolve();
  assertEquals((await answer).status, 201);
  assertEquals(await ended, 0);
});

Deno.test("the service ends with the process that has started it", async () => {
  await using gallery = await installGallery();
  await using service = gallery.start({ EXIT_ON_STDIN_EOF: "true" });
  assertEquals(await service.exitCode(), 0);
});

Deno.test("a wrong setting ends the start with one line", async () => {
  await using gallery = await installGallery();
  const { folder } = gallery;
  const { privatePem } = fakeTokenKeys();
  const notFolder = await folder.write("file", "");
  const bad = await folder.write("bad-keys", "abc");
  const calibration = await folder.write("calibration.json", "{}");
  {
    await using service = gallery.start();
    await service.untilReady();
    await refused(gallery, {}, "is used by another process");
  }
  await refused(gallery, { GALLERY_STORE: "" }, "GALLERY_STORE: must be set");
  await refused(gallery, { GALLERY_STORE: notFolder }, "cannot be used");
  await refused(gallery, { GALLERY_STORE: "postgres://[" }, "is not a URL");
  await refused(gallery, { TEMPLATE_KEYS_PATH: folder.path("none") }, "TEMPLATE_KEYS_PATH");
  await refused(gallery, { TEMPLATE_KEYS_PATH: bad }, "Template keys: line 1");
  const other = await folder.write("other-keys", makeTemplateKey());
  await refused(gallery, { TEMPLATE_KEYS_PATH: other }, "none of them fits");
  await refused(gallery, { GALLERY_TOKEN_PUBLIC_KEYS: "x" }, "exactly one of GALLERY_TOKEN");
  const pem = await folder.write("private.pem", privatePem);
  await refused(gallery, { GALLERY_TOKEN_PUBLIC_KEYS_PATH: pem }, "private key");
  await refused(gallery, { MATCH_THRESHOLD: "0" }, "MATCH_THRESHOLD");
  await refused(gallery, { MODEL_CALIBRATION: calibration }, "MODEL_CALIBRATION");
});

async function refused(
  gallery: GalleryInstallation,
  env: Readonly<Record<string, string>>,
  message: string,
): Promise<void> {
  await using service = gallery.start(env);
  const code = await service.exitCode();
  await service.leavesNothing();
  const text = service.lines.join("\n");
  assertEquals(code, 1, text);
  assertEquals(service.lines.length, 1, text);
  assertStringIncludes(text, message);
}
