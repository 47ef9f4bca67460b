import { assert, assertEquals } from "@std/assert";
import { WORKER_MODELS } from "../shared/contract/fake_answers.ts";
import { EMBEDDING_TYPE } from "../shared/contract/gallery_call.ts";
import { WORKER_MODELS_HEADER } from "../shared/contract/models_in_use.ts";
import { FACE_HEADER, readObservedFace } from "../shared/contract/observed_face.ts";
import { ProblemBodySchema } from "../shared/contract/contract.ts";
import { createFakeLog } from "../shared/fake_log.ts";
import { createWorkerApp } from "./app.ts";
import { createFaceEmbedder } from "./face_embedder.ts";
import type { Pipeline, RecognizedFace, RecognizeOptions } from "./pipeline/pipeline.ts";

const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const FACE: RecognizedFace = {
  box: { left: 10.4, top: 20.6, right: 110.2, bottom: 140.7 },
  points: [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]],
  embedding: Float32Array.of(0.6, -0.8, 0),
  quality: { embeddingLength: 9.21449, shapeDistance: 0.08, rollDegrees: -1.5, lookDistance: 0.03 },
};

/** Makes a worker for the gallery service, and records how its pipeline is called. */
function setUp(face: RecognizedFace = FACE) {
  const calls: (RecognizeOptions | undefined)[] = [];
  const pipeline: Pipeline = {
    dimension: face.embedding.length,
    recognize: (_picture, options) => {
      calls.push(options);
      return Promise.resolve(face);
    },
    warmUp: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const app = createWorkerApp({
    verifyToken: () => Promise.resolve(),
    requestsPerWorker: 10,
    maxImageBytes: 1000,
    bodyTimeoutMs: 1000,
    answersWith: "embed",
    recognition: () => ({ kind: "embed", embed: createFaceEmbedder(pipeline) }),
    models: () => ({ ...WORKER_MODELS, match: null, calibration: null }),
    seal: () => [],
    onUsed() {},
    log: createFakeLog().log,
    now: () => 0,
    newRequestId: () => "request-1",
  });
  const post = async (path = "/embed") =>
    await app.fetch(new Request(`http://worker.test${path}`, { method: "POST", body: PNG }));
  return { post, calls };
}

Deno.test("a worker for the gallery service answers with the embedding, the face and the models", async () => {
  const response = await setUp().post();
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("Content-Type"), EMBEDDING_TYPE);
  // Little-endian 0.6, -0.8 and 0.
  assertEquals((await response.bytes()).toHex(), "9a99193fcdcc4cbf00000000");
  assertEquals(readObservedFace(response.headers.get(FACE_HEADER)!), {
    box: [10, 21, 100, 120],
    quality: {
      embedding_length: 9.214,
      shape_distance: 0.08,
      roll_degrees: -1.5,
      look_distance: 0.03,
    },
  });
  assertEquals(JSON.parse(response.headers.get(WORKER_MODELS_HEADER)!).match, null);
});

Deno.test("the face has the liveness score when one is measured", async () => {
  const response = await setUp({ ...FACE, liveness: 0.98765 }).post();
  assertEquals(readObservedFace(response.headers.get(FACE_HEADER)!)?.liveness, 0.988);
});

Deno.test("the face is told to be unclear, when it is", async () => {
  const told = async (face: typeof FACE & { readonly unclear?: true }) =>
    readObservedFace((await setUp(face).post()).headers.get(FACE_HEADER)!)?.unclear;
  assertEquals([await told({ ...FACE, unclear: true }), await told(FACE)], [true, undefined]);
});

Deno.test("the pipeline learns when a template will be made of the embedding", async () => {
  const { post, calls } = setUp();
  await post();
  await post("/embed?template=false");
  await post("/embed?template=true");
  assertEquals(calls, [{ forTemplate: false }, { forTemplate: false }, { forTemplate: true }]);
});

Deno.test("a worker for the gallery service asks who calls /authenticate to take another one", async () => {
  const { post, calls } = setUp();
  for (
    const [path, code] of [["/authenticate", "worker_used"], [
      "/embed?user_id=x",
      "invalid_request",
    ]]
  ) {
    const response = await post(path);
    assertEquals(ProblemBodySchema.parse(await response.json()).code, code);
  }
  assertEquals(calls, []);
});

Deno.test("a face header that is too long, no JSON or out of bounds is not read", async () => {
  const header = (await setUp().post()).headers.get(FACE_HEADER)!;
  const face = JSON.parse(header);
  for (
    const bad of [
      undefined,
      "",
      "{",
      " ".repeat(512) + header,
      [header, header],
      JSON.stringify({ ...face, name: "User One" }),
      JSON.stringify({ ...face, box: [0, 0, 1] }),
      JSON.stringify({ ...face, box: [0, 0, 1, 1e9] }),
      JSON.stringify({ ...face, liveness: 2 }),
      JSON.stringify({ ...face, quality: { ...face.quality, roll_degrees: null } }),
    ]
  ) assertEquals(readObservedFace(bad), undefined, JSON.stringify(bad));
  assert(readObservedFace(header) !== undefined);
});
