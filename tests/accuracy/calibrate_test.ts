import { assert, assertEquals, assertMatch } from "@std/assert";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { judgeHalves } from "../../worker/commands/calibrate/judge_halves.ts";
import { acceptedEmbeddings, embedPhotos } from "../../worker/commands/embed_photos.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { loadModels } from "../../worker/models.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { linkPhotos } from "../support/link_photos.ts";
import { needs } from "../support/needs.ts";
import { runCommand } from "../support/run_command.ts";

const CALIBRATE = "worker/commands/calibrate/main.ts";

needs("photos")("calibrate refuses the photos of ten people", async () => {
  const { code, out, err } = await runCommand(CALIBRATE, [
    "--from",
    Deno.env.get("FACE_IT_LFW100")!,
  ]);
  assertEquals([code, out], [1, ""], err);
  assertMatch(err, /needs accepted photos of at least 100 people; there are 10/);
});

needs("lfw3")("calibrate with the photos of many people", async (t) => {
  await using photos = await linkPhotos(Deno.env.get("FACE_IT_LFW3")!, 130, 2);
  const [first] = (await listPhotoFolder(photos.root)).people;

  await t.step(
    "the output is a MODEL_CALIBRATION file, and the report says what it shows",
    async () => {
      const exclude = await photos.write("exclude.txt", `# wrong\n${first!.person}\n`);
      const { code, out, err } = await runCommand(CALIBRATE, [
        "--from",
        photos.root,
        "--exclude",
        exclude,
      ]);
      assertEquals(code, 0, err);
      assertMatch(err, /exclude\.txt: not_a_photo/);
      assertMatch(err, /Calibrated .* on 1\d\d people, 2\d\d photos, \d+ pairs/);
      assertMatch(err, /^\| 1 in 1,000 +\| 0\.\d{3} /m);
      assertMatch(err, /Rates below 1 in [\d,]+ are extrapolated/);
      const file = await photos.write("calibration.json", out);
      const paths = { ...localModelPaths(Deno.env), calibration: file };
      const { calibration } = await loadModels(paths);
      const { fitted_mean_cosine, fitted_dimension, quality } = calibration!;
      assert(fitted_mean_cosine > -0.2 && fitted_mean_cosine < 0.2, out);
      assert(fitted_dimension > 25 && fitted_dimension < 150, out);
      const shipped = CHECKOUT_MODEL.calibration.quality.min_embedding_length;
      assert(Math.abs(quality.min_embedding_length / shipped - 1) < 0.12, out);
    },
  );

  await t.step("a name that no photo has is an error", async () => {
    const exclude = await photos.write("unknown.txt", "Nobody\n");
    const { code, err } = await runCommand(CALIBRATE, [
      "--from",
      photos.root,
      "--exclude",
      exclude,
    ]);
    assertEquals(code, 1, err);
    assertMatch(err, /unknown\.txt, line 1: "Nobody" is neither a photo/);
  });
});

needs("lfw3")(
  "calibrate --judge prints the rates on people to whom it was not fitted",
  async () => {
    await using photos = await linkPhotos(Deno.env.get("FACE_IT_LFW3")!, 220, 2);
    const { code, out, err } = await runCommand(CALIBRATE, ["--judge", "--from", photos.root]);
    assertEquals(code, 0, err);
    for (const row of ["FMR 1 in 10,000", "FPIR with 1\\d\\d templates, 1 in 100"]) {
      assertMatch(out, new RegExp(`^\\| fitted to the tail +\\| ${row} +\\| \\d+\\.\\d\\d `, "m"));
      assertMatch(
        out,
        new RegExp(`^\\| mean and 1 / variance.* \\| ${row} +\\| \\d+\\.\\d\\d `, "m"),
      );
    }
  },
);

needs("lfw3")("a calibration keeps its promise for people to whom it was not fitted", async (t) => {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const { people } = await listPhotoFolder(Deno.env.get("FACE_IT_LFW3")!);
  const embedded = await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
  const embeddings = acceptedEmbeddings(embedded.people);
  const { rates } = judgeHalves(embeddings, { excluded: [], progress: NO_PROGRESS });
  const find = (method: string, kind: string, rate: number) =>
    rates.find((judged) =>
      judged.method === method && judged.kind === kind && judged.promised === rate
    )!;

  for (
    const [kind, promised] of [["fmr", 1e-2], ["fmr", 1e-3], ["fmr", 1e-4], ["fpir", 1e-2]] as const
  ) {
    await t.step(`${kind} ${promised}: 0.5 to 2 times the promise`, () => {
      const { ratio, ratios } = find("tail", kind, promised);
      assert(ratio > 0.5 && ratio < 2, `${ratio}`);
      // Of an FPIR, about ten false matches in each half are expected: too few for each half alone.
      if (kind === "fpir") return;
      for (const half of ratios) assert(half > 0.5 && half < 2, `${ratios}`);
    });
  }

  await t.step("1 in 100,000: the interval contains the promise", () => {
    const { interval: [low, high] } = find("tail", "fmr", 1e-5);
    assert(low < 1 && high > 1 && high < 10, `${low} to ${high}`);
  });

  await t.step("the mean and the variance of the cosines break the promise more", () => {
    for (const [kind, promised] of [["fmr", 1e-4], ["fpir", 1e-2]] as const) {
      assert(find("variance", kind, promised).ratio > find("tail", kind, promised).ratio);
    }
  });
});
