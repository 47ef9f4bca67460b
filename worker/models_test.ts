import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { UNCALIBRATED_BOUNDS } from "../models/calibration.ts";
import { LOCAL_PATHS } from "../shared/local_paths.ts";
import { CHECKOUT_MODEL } from "../tests/support/checkout_model.ts";
import { temporaryFolder } from "../tests/support/temporary_folder.ts";
import { ModelError } from "./inference/session.ts";
import { loadModels } from "./models.ts";

const DEFAULT = { ...LOCAL_PATHS, calibration: undefined, liveness: undefined };
const { calibration: KNOWN } = CHECKOUT_MODEL;

async function withCalibration<T>(text: string, body: (path: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryFolder({ "calibration.json": text });
  return await body(folder.path("calibration.json"));
}

Deno.test("a known model's calibration is found in the manifest by its checksum", async () => {
  const { calibration, checksums } = await loadModels(DEFAULT);
  assertEquals([calibration, checksums.recognition], [KNOWN, CHECKOUT_MODEL.prepared_sha256]);
  const other = await loadModels({ ...DEFAULT, recognition: LOCAL_PATHS.detector });
  assertEquals([other.calibration, other.quality], [undefined, UNCALIBRATED_BOUNDS]);
});

Deno.test("a calibration file overrides the manifest", async () => {
  const bounds = { min_embedding_length: 1.5, max_roll_degrees: 30, max_shape_distance: 0.4 };
  const own = { ...KNOWN, fitted_dimension: 60, quality: bounds };
  await withCalibration(JSON.stringify(own), async (calibration) => {
    const loaded = await loadModels({ ...DEFAULT, calibration });
    assertEquals([loaded.calibration, loaded.quality], [own, own.quality]);
  });
});

Deno.test("a calibration file that is invalid or belongs to another model is refused", async () => {
  const { model_sha256: _, ...unbound } = KNOWN;
  const cases: [text: string, complaint: string][] = [
    [JSON.stringify({ ...KNOWN, model_sha256: "0".repeat(64) }), "belongs to another model"],
    [JSON.stringify(unbound), "is not what"],
    [JSON.stringify({ ...KNOWN, quality: undefined }), 'Run "deno task calibrate" again'],
    [JSON.stringify({ ...KNOWN, quality: {} }), 'Run "deno task calibrate" again'],
    [
      JSON.stringify({ ...KNOWN, quality: { ...KNOWN.quality, max_roll_degrees: 180 } }),
      "not what",
    ],
    [
      JSON.stringify({ ...KNOWN, quality: { ...KNOWN.quality, min_embedding_length: -1 } }),
      "not what",
    ],
    [JSON.stringify({ ...KNOWN, fitted_dimension: 100_000 }), "is not what"],
    [JSON.stringify({ ...KNOWN, fitted_mean_cosine: -0.9 }), "is not what"],
    ["[", "is not what"],
  ];
  for (const [text, complaint] of cases) {
    await withCalibration(text, async (calibration) => {
      await assertRejects(() => loadModels({ ...DEFAULT, calibration }), ModelError, complaint);
    });
  }
});

Deno.test("a calibration file of an older version is refused with a line that says what to do", async () => {
  const { fitted_mean_cosine: _, fitted_dimension: __, ...rest } = KNOWN;
  const old = { ...rest, mean_impostor_cosine: 0.0221, effective_dimension: 79.9 };
  const { quality: ___, ...older } = old;
  for (const file of [old, older]) {
    await withCalibration(JSON.stringify(file), async (calibration) => {
      const { message } = await assertRejects(
        () => loadModels({ ...DEFAULT, calibration }),
        ModelError,
      );
      assertStringIncludes(message, "was made by an older version");
      assertStringIncludes(message, 'Run "deno task calibrate" again');
      assertStringIncludes(message, calibration);
    });
  }
});

Deno.test("fits to the tail that models have are within the bounds of a calibration", async () => {
  for (const [mean, dimension] of [[-0.0563, 55.9], [0.0962, 120.6], [-0.49, 3], [0.89, 4096]]) {
    const own = { ...KNOWN, fitted_mean_cosine: mean!, fitted_dimension: dimension! };
    await withCalibration(JSON.stringify(own), async (calibration) => {
      assertEquals((await loadModels({ ...DEFAULT, calibration })).calibration, own);
    });
  }
});

Deno.test("the error names the file that cannot be read, and the reason", async () => {
  for (const name of ["detector", "landmarks", "recognition", "calibration"] as const) {
    const { message } = await assertRejects(
      () => loadModels({ ...DEFAULT, [name]: "no/such/file" }),
      ModelError,
      "no/such/file cannot be read",
    );
    assertStringIncludes(message, "NotFound");
  }
});
