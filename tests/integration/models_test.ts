// GET /models with real workers.

import { assert, assertEquals } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { ModelsSchema } from "../../shared/contract/models_in_use.ts";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { sha256 } from "../../shared/sha256.ts";
import { sample } from "../support/pictures.ts";
import { CHECKOUT_MODEL } from "../support/checkout_model.ts";
import { Service } from "../support/service.ts";

const models = async (service: Service) =>
  ModelsSchema.parse(JSON.parse((await service.get("/models")).text));

Deno.test("/models tells the models, the threshold and the calibration of the workers", async () => {
  await using service = await Service.ready({ MATCH_THRESHOLD: "0.5" });
  assertEquals(await models(service), {
    models: [],
    match: null,
    calibration: null,
    templates: null,
  });
  const response = await service.post(await sample("user1_similar.png"));
  assertEquals(response.status, 200, response.text);
  assertEquals(response.headers.get("X-Worker-Models"), null, "clients do not get the header");
  const { models: used, match, calibration } = await models(service);
  const files = [LOCAL_PATHS.detector, LOCAL_PATHS.landmarks, LOCAL_PATHS.recognition];
  const checksums = await Promise.all(files.map(async (file) => sha256(await Deno.readFile(file))));
  assertEquals(used.map(({ sha256 }) => sha256), checksums);
  const { licence } = MODEL_MANIFEST.sources.npm;
  const licences = [licence, licence, CHECKOUT_MODEL.licence];
  assertEquals(used.map(({ licence }) => licence), licences);
  for (const model of used) assert(model.name !== null, model.use);
  assertEquals([match?.on, match?.threshold], ["confidence", 0.5]);
  assert(match!.cosine! > 0.3 && match!.cosine! < 0.5, `${match!.cosine}`);
  assert(calibration !== null);
});

Deno.test("/models tells of no calibration when the cosine itself is compared", async () => {
  await using service = await Service.ready({ MATCH_ON: "cosine", MATCH_THRESHOLD: "0.45" });
  await service.post(await sample("user1_similar.png"));
  const { match, calibration } = await models(service);
  assertEquals(match, { on: "cosine", threshold: 0.45, cosine: 0.45 });
  assertEquals(calibration, null);
});
