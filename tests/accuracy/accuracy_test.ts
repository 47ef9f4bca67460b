import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { NO_PROGRESS } from "../../shared/progress.ts";
import { embedPhotos } from "../../worker/commands/embed_photos.ts";
import { cosine, normalize } from "../../matching/vector.ts";
import { toInt8 } from "../../worker/commands/enroll/to_int8.ts";
import { loadModels } from "../../worker/models.ts";
import { localModelPaths } from "../../worker/commands/model_paths.ts";
import { listPhotoFolder } from "../../worker/commands/photo_folder.ts";
import { createPipeline } from "../../worker/pipeline/pipeline.ts";
import { similarityThreshold } from "../../worker/commands/accuracy/similarity_threshold.ts";
import { crossJudgeGate } from "../../worker/commands/accuracy/judge_gate.ts";
import { QUARTER_TURNS } from "../../worker/commands/calibrate/fit_quality.ts";
import { spoilPhotos } from "../../worker/commands/spoil_photos.ts";
import { comparePairs, tarAtZeroFar } from "../../worker/commands/accuracy/evaluate.ts";
import { needs } from "../support/needs.ts";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { labelledPhotos } from "./labelled_photos.ts";
import { DEFAULT_CONFIDENCE } from "../../worker/commands/accuracy/default_confidence.ts";

/** Another implementation's embeddings of some photos, by their path in the folder. */
type Reference = Readonly<Record<string, { readonly embedding: readonly number[] }>>;

needs("photos")("accuracy on labelled photos", async (t) => {
  const { photos, reference } = labelledPhotos();
  const { people } = await embedFolder(photos);
  const embeddings = people.map((photos) => photos.map(({ embedding }) => embedding));

  await t.step("there are 450 pairs of one person and 4,500 pairs of two people", () => {
    const { genuinePairs, impostorPairs } = comparePairs(embeddings);
    assertEquals([genuinePairs, impostorPairs], [450, 4500]);
  });

  await t.step("at FAR 0, at least 99.3 % of all genuine pairs match", () => {
    const { tar } = tarAtZeroFar(comparePairs(embeddings));
    assert(tar >= 0.993, `TAR is ${tar}`);
  });

  await t.step(
    "a compact template changes no cosine by more than 0.002, and does not change the TAR at FAR 0",
    () => {
      const faces = embeddings.flat().filter((embedding) => embedding !== undefined);
      for (const face of faces) {
        const compact = normalize(toInt8(face));
        for (const probe of faces) {
          assertAlmostEquals(cosine(probe, compact), cosine(probe, face), 0.002);
        }
      }
      const rounded = embeddings.map((person) =>
        person.map((embedding) => embedding && normalize(toInt8(embedding)))
      );
      const { tar } = tarAtZeroFar(comparePairs(rounded));
      assertEquals(tar, tarAtZeroFar(comparePairs(embeddings)).tar);
    },
  );

  await t.step("the embeddings agree with those of another implementation", async () => {
    const expected: Reference = JSON.parse(await Deno.readTextFile(reference));
    const ours = new Map(
      people.flat().map(({ path, embedding }) => [path, embedding] as const),
    );
    const agreement = Object.entries(expected).map(([photo, { embedding }]) => {
      const own = ours.get(join(photos, photo));
      assert(own !== undefined, `${photo} is missing or was refused`);
      const agrees = cosine(own, normalize(embedding));
      assert(agrees >= 0.95, `The cosine of ${photo} is only ${agrees}`);
      return agrees;
    });
    assert(agreement.length > 0);
    const mean = agreement.reduce((sum, value) => sum + value, 0) / agreement.length;
    assert(mean >= 0.98, `The mean cosine is only ${mean}`);
  });

  await t.step(
    "the quality gate refuses turned photos of people to whom it was not fitted",
    async () => {
      const { models } = await loadModels(localModelPaths(Deno.env));
      await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
      const good = people.map((photos) => photos.map(({ face }) => face));
      const turned = await spoilPhotos(pipeline, people, QUARTER_TURNS, {
        progress: NO_PROGRESS,
        label: "",
      });
      const samples = [
        { name: "good", faces: good },
        ...QUARTER_TURNS.map(({ name }, i) => ({ name, faces: turned[i]! })),
      ];
      const threshold = similarityThreshold(
        DEFAULT_CONFIDENCE,
        1,
        CHECKOUT_MODEL.calibration,
      );
      const { effects: [ofGood, ...ofTurned], bounds } = crossJudgeGate(good, samples, threshold);
      assert(ofGood!.enrolled.with >= 98, JSON.stringify(ofGood));
      for (const effect of ofTurned) {
        assert(effect.enrolled.with <= 2, JSON.stringify(effect));
        assert(effect.strangers.without > 500, JSON.stringify(effect));
        assertEquals(effect.strangers.with, 0, JSON.stringify(effect));
      }
      const { quality } = CHECKOUT_MODEL.calibration;
      for (const { min_embedding_length } of bounds) {
        assertAlmostEquals(min_embedding_length, quality.min_embedding_length, 0.15);
      }
    },
  );

  await t.step("the accuracy command prints the tables and draws the curve", async () => {
    await using folder = await temporaryFolder();
    const svg = folder.path("det.svg");
    const groups = await folder.write(
      "groups.tsv",
      ["Colin_Powell", "George_W_Bush", "Tony_Blair"].map((person) => `three\t${person}\n`).join(
        "",
      ),
    );
    const { out } = await run(
      "worker/commands/accuracy/main.ts",
      "--from",
      photos,
      "--groups",
      groups,
      "--svg",
      svg,
    );
    for (
      const line of [
        /TAR at FAR 0 .*99\.\d %/,
        /\| 100,000 +\| 0\.6\d\d/,
        /FMR measured/,
        /\| three +\| 3 +\| 300 /,
      ]
    ) {
      assertMatch(out, line);
    }
    assertMatch(await Deno.readTextFile(svg), /^<svg [^]*N = 100,000[^]*<\/svg>\n$/);
  });
});

async function embedFolder(folder: string) {
  const { models } = await loadModels({ ...localModelPaths(Deno.env), calibration: undefined });
  await using pipeline = await createPipeline(models, { maxPixels: 1_000_000 });
  const { people } = await listPhotoFolder(folder);
  return await embedPhotos(pipeline, people, { progress: NO_PROGRESS, label: "" });
}

async function run(program: string, ...args: string[]): Promise<CommandResult> {
  const result = await runCommand(program, args);
  assertEquals(result.code, 0, result.err);
  return result;
}
