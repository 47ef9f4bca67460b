import { assert, assertEquals } from "@std/assert";
import { findKnownModel, isSameModel } from "./known_models.ts";
import { MODEL_MANIFEST } from "./manifest.ts";

const { detector, recognition } = MODEL_MANIFEST.models;
const UNKNOWN = "0".repeat(64);

Deno.test("a file of the manifest is known, before and after its preparation", () => {
  for (const sha256 of [recognition.sha256, recognition.prepared_sha256!]) {
    const { name, licence } = findKnownModel(sha256)!;
    assert(name.includes(recognition.path), name);
    assertEquals(licence, MODEL_MANIFEST.source.licence);
  }
  assert(findKnownModel(detector.sha256)!.name.includes(detector.path));
  assertEquals(findKnownModel(UNKNOWN), undefined);
});

Deno.test("a recognition model and its prepared file are the same model, and no others", () => {
  assert(isSameModel(UNKNOWN, UNKNOWN));
  assert(isSameModel(recognition.sha256, recognition.prepared_sha256!));
  assert(!isSameModel(recognition.sha256, UNKNOWN));
  assert(!isSameModel(UNKNOWN, recognition.prepared_sha256!));
  assert(!isSameModel(detector.sha256, recognition.sha256));
});
