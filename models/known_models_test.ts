import { assert, assertEquals } from "@std/assert";
import {
  describeRecognitionModel,
  filesOfModel,
  findKnownModel,
  galleryModel,
  isSameModel,
} from "./known_models.ts";
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
  for (const sha256 of [detector.sha256, detector.prepared_sha256!]) {
    assert(findKnownModel(sha256)!.name.includes(detector.path));
  }
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

Deno.test("the gallery service names all prepared files of a model after the first one", () => {
  for (
    const { sha256, prepared_sha256: prepared, earlier_prepared_sha256: earlier } of [small, sface]
  ) {
    for (const file of [prepared!, ...earlier]) assertEquals(galleryModel(file), earlier[0]);
    assertEquals(galleryModel(sha256), sha256);
    for (const file of [sha256, prepared!, ...earlier]) {
      assertEquals(filesOfModel(file).toSorted(), [sha256, prepared!, ...earlier].toSorted());
    }
  }
  for (const other of [UNKNOWN, detector.sha256]) {
    assertEquals([galleryModel(other), filesOfModel(other)], [other, [other]]);
  }
  // Templates in galleries have these names. They never change.
  assertEquals([small, sface].map(({ prepared_sha256 }) => galleryModel(prepared_sha256!)), [
    "e80fbe8d3c9773637d28ffcca8147f9685eddf43cf69bbe2303adfbc3fc45bc7",
    "81c86860bf2a48fa136ba3575d47c6e35d9677424e28c5f2215f3d0a507704ae",
  ]);
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
