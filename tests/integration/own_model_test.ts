import { assertAlmostEquals, assertEquals } from "@std/assert";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { channelMeans } from "../support/onnx/small_model.ts";
import { transposeInput } from "../support/onnx/transpose_input.ts";
import { MatchSchema, NonMatchSchema } from "../../shared/contract/contract.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { sha256 } from "../../shared/sha256.ts";
import { sample } from "../support/pictures.ts";
import { Service } from "../support/service.ts";
import { assertRefusesToStart } from "../support/refuses_to_start.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("a channels-last model needs only MODEL_PATH and MODEL_CALIBRATION", async () => {
  await using folder = await temporaryFolder();
  const model = transposeInput(await Deno.readFile(LOCAL_PATHS.recognition));
  const MODEL_PATH = await folder.write("model.onnx", model);
  const calibration = { ...CHECKOUT_MODEL.calibration };
  const MODEL_CALIBRATION = await folder.write(
    "calibration.json",
    JSON.stringify({ ...calibration, model_sha256: await sha256(model) }),
  );
  await assertRefusesToStart({ MODEL_PATH }, "no calibration: set MODEL_CALIBRATION");
  await assertRefusesToStart(
    { MODEL_PATH, MODEL_CALIBRATION, EMBEDDINGS_PATH: await galleryOf(folder, "0".repeat(64)) },
    "made with another recognition model",
  );

  const picture = await sample("user1_similar.png");
  await using service = await Service.ready({
    MODEL_PATH,
    MODEL_CALIBRATION,
    EMBEDDINGS_PATH: await galleryOf(folder, await sha256(model)),
  });
  const { similarity, user_id } = MatchSchema.parse(JSON.parse((await service.post(picture)).text));
  assertEquals(user_id, "user1");
  const stranger = await service.post(await sample("different.png"));
  NonMatchSchema.parse(JSON.parse(stranger.text));

  await using ordinary = await Service.ready();
  const expected = MatchSchema.parse(JSON.parse((await ordinary.post(picture)).text));
  assertAlmostEquals(similarity, expected.similarity, 1e-5);
});

Deno.test("the service does not start with a model of a wrong shape, and the error names the shape", async () => {
  await using folder = await temporaryFolder();
  const cases = [
    [channelMeans([1, 3, 224, 224], [1, 3]), "input is [1,3,224,224] instead of [1,3,112,112] or"],
    [channelMeans([1, 1, 112, 112], [1, 1]), "input is [1,1,112,112] instead of"],
    [channelMeans([3, 112, 112], [3, 1]), "input is [3,112,112] instead of"],
    [
      channelMeans(["N", 3, 112, 112], ["N", 3]),
      `the embedding has ${CHECKOUT_MODEL.dimension} numbers, the model gives 3`,
    ],
  ] as const;
  for (const [model, message] of cases) {
    const MODEL_PATH = await folder.write("model.onnx", model);
    const EMBEDDINGS_PATH = await galleryOf(folder, await sha256(model));
    await assertRefusesToStart({ MODEL_PATH, EMBEDDINGS_PATH, MATCH_ON: "cosine" }, message);
  }
});

/** Writes the sample gallery as one that this model has made. */
async function galleryOf(folder: TemporaryFolder, model_sha256: string): Promise<string> {
  const gallery = JSON.parse(await Deno.readTextFile(LOCAL_PATHS.gallery));
  return await folder.write("gallery.json", JSON.stringify({ ...gallery, model_sha256 }));
}
