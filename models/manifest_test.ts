import { assertEquals } from "@std/assert";
import { calibrationOf, MODEL_MANIFEST, RECOGNITION_NAMES, recognitionName } from "./manifest.ts";

const { recognition } = MODEL_MANIFEST.models;
const UNKNOWN = "0".repeat(64);

Deno.test("a recognition model is known by its sha256, as published and prepared", () => {
  assertEquals([...RECOGNITION_NAMES].sort(), Object.keys(recognition).sort());
  for (const name of RECOGNITION_NAMES) {
    const { sha256, prepared_sha256, calibration } = recognition[name];
    assertEquals(recognitionName(sha256), name);
    assertEquals(recognitionName(prepared_sha256!), name);
    assertEquals(calibrationOf(prepared_sha256!), calibration);
    assertEquals(calibration.model_sha256, prepared_sha256);
  }
  assertEquals([recognitionName(UNKNOWN), calibrationOf(UNKNOWN)], [undefined, undefined]);
});

Deno.test("all recognition models have the same file name, because only one is used at a time", () => {
  const files = RECOGNITION_NAMES.map((name) => recognition[name].file);
  assertEquals(new Set(files), new Set(["face_recognition.onnx"]));
});
