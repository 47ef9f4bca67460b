// Tests of the real gallery service, with real sockets, on both stores.

import { assertEquals } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { newTemplate } from "../support/gallery_store.ts";
import { CALLS, installGallery } from "../support/gallery_service.ts";

const MODEL = MODEL_MANIFEST.models.recognition.small.sha256;

Deno.test("a user that is enrolled is recognised by the next call", async () => {
  await using gallery = await installGallery();
  await using service = gallery.start();
  await service.untilReady();
  const { embedding, photo } = newTemplate(1, 512);
  const claims = { model: MODEL, photo_sha256: photo.toHex() };
  const answers = [];
  for (
    const call of [
      CALLS.decide(embedding, { model: MODEL }),
      CALLS.putUser("user1", { name: "User One" }),
      CALLS.addTemplate("user1", embedding, claims),
      CALLS.decide(embedding, { model: MODEL }),
      CALLS.about("delete_user", "user1"),
      CALLS.decide(embedding, { model: MODEL }),
    ]
  ) {
    const { status, text } = await gallery.call(service, call);
    answers.push([status, text === "" ? undefined : JSON.parse(text).matched]);
  }
  assertEquals(answers, [
    [200, false],
    [201, undefined],
    [201, undefined],
    [200, true],
    [204, undefined],
    [200, false],
  ]);
});
