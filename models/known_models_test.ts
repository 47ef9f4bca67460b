import { assert, assertEquals } from "@std/assert";
import { describeRecognitionModel, findKnownModel, isSameModel } from "./known_models.ts";
import { MODEL_MANIFEST } from "./manifest.ts";

const { detector, recognition } = MODEL_MANIFEST.models;
const { small, sface } = recognition;
const UNKNOWN = "0".repeat(64);

Deno.test("a file of the manifest is known, before and after its preparation", () => {
  for (const model of [small, sface]) {
    for (const sha256 of [model.sha256, model.prepared_sha256!, ...model.earlier_prepared_sha256]) {
      const { name, licence } = findKnownModel(sha256)!;
      assert(name.includes(model.path), name);
      assertEquals(licence, model.licence);
    }
  }
  assert(findKnownModel(detector.sha256)!.name.includes(detector.path));
  assertEquals(findKnownModel(UNKNOWN), undefined);
});

Deno.test("a recognition model and its prepared file are the same model, and no others", () => {
  assert(isSameModel(UNKNOWN, UNKNOWN));
  for (const model of [small, sface]) {
    assert(isSameModel(model.sha256, model.prepared_sha256!));
    assert(isSameModel(model.earlier_prepared_sha256[0]!, model.prepared_sha256!));
    assert(!isSameModel(model.sha256, UNKNOWN));
    assert(!isSameModel(UNKNOWN, model.prepared_sha256!));
    assert(!isSameModel(detector.sha256, model.sha256));
  }
  assert(!isSameModel(small.sha256, sface.sha256));
  assert(!isSameModel(small.prepared_sha256!, sface.prepared_sha256!));
});

Deno.test("a recognition model is described by its names and its sha256", () => {
  assertEquals(
    describeRecognitionModel(sface.sha256),
    `SFace ("sface", sha256 ${sface.sha256})`,
  );
  assertEquals(
    describeRecognitionModel(small.prepared_sha256!),
    `fr_feature ("small", sha256 ${small.prepared_sha256})`,
  );
  assertEquals(describeRecognitionModel(UNKNOWN), `an unknown model (sha256 ${UNKNOWN})`);
});
