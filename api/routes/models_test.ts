import { assertEquals } from "@std/assert";
import { MODEL_MANIFEST } from "../../models/manifest.ts";
import { MATCH, WORKER_MODELS } from "../../shared/contract/fake_answers.ts";
import { ModelsSchema } from "../../shared/contract/models_in_use.ts";
import { Problem } from "../../shared/contract/problem.ts";
import { fakeAccess } from "../callers/fake_access.ts";
import { assertProblem, createFakeApp } from "../fake_app.ts";
import type { FakeWorker } from "../recognition/fake_worker_client.ts";

async function models(call: (path: string) => Promise<Response>) {
  const response = await call("/models");
  assertEquals(response.status, 200);
  return ModelsSchema.parse(await response.json());
}

Deno.test("/models is empty until a worker has answered", async () => {
  const { call } = createFakeApp();
  assertEquals(await models(call), { models: [], match: null, calibration: null, templates: null });
});

Deno.test("/models has the models of the latest answer or refusal, with names of the manifest", async () => {
  const { detector, recognition: { sface } } = MODEL_MANIFEST.models;
  const known = {
    ...WORKER_MODELS,
    detection: detector.sha256,
    recognition: sface.prepared_sha256!,
  };
  const workers: FakeWorker[] = [
    () => ({ kind: "answer", answer: MATCH, models: known }),
    () => ({ kind: "answer", answer: MATCH }),
    () => ({
      kind: "refusal",
      problem: new Problem("no_face", "No face"),
      models: { ...WORKER_MODELS, calibration: null },
    }),
  ];
  const { call, post } = createFakeApp({ free: 3, workers });
  await post();
  const first = await models(call);
  assertEquals(first.models.map(({ use, sha256 }) => [use, sha256]), [
    ["detection", known.detection],
    ["landmarks", known.landmarks],
    ["recognition", known.recognition],
  ]);
  const { npm, pypi } = MODEL_MANIFEST.sources;
  assertEquals(first.models[2]!.name, `${pypi.package} ${pypi.version}, ${sface.path}`);
  const licences = [npm.licence, null, "Apache-2.0"];
  assertEquals(first.models.map(({ licence }) => licence), licences);
  assertEquals(first.models[1]!.name, null);
  assertEquals([first.match, first.calibration], [known.match, known.calibration]);

  await post();
  assertEquals(await models(call), first, "a worker of an older version tells nothing");
  assertEquals((await post()).status, 422);
  const last = await models(call);
  assertEquals(last.models[2]!.sha256, WORKER_MODELS.recognition);
  assertEquals(last.calibration, null);
});

Deno.test("who may only recognise without a key does not learn the models", async () => {
  const { call } = createFakeApp({ access: fakeAccess({ allowAnonymous: true }) });
  const response = await call("/models");
  assertEquals(response.status, 401);
  await assertProblem(response, "unauthorized");
});
