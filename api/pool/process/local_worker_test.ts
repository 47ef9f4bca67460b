import { assertEquals } from "@std/assert";
import { LOCAL_PATHS } from "../../../shared/local_paths.ts";
import { localWorker } from "./local_worker.ts";

const worker = (variables: Record<string, string>) =>
  localWorker(new Map(Object.entries(variables)));

Deno.test("by default, a local worker may read only the checkout's models and gallery", () => {
  const { env, readable } = worker({});
  assertEquals(env, {
    LOG_LEVEL: "warn",
    EMBEDDINGS_PATH: LOCAL_PATHS.gallery,
    MODEL_PATH: LOCAL_PATHS.recognition,
    DETECTOR_PATH: LOCAL_PATHS.detector,
    LANDMARKS_PATH: LOCAL_PATHS.landmarks,
    LIVENESS_PATH: LOCAL_PATHS.liveness,
  });
  const { data: _data, ...files } = LOCAL_PATHS;
  assertEquals(new Set(readable), new Set(Object.values(files)));
});

Deno.test("a worker beside a gallery service may not read a gallery, and has no threshold", () => {
  const variables = { MATCH_ON: "cosine", MATCH_THRESHOLD: "0.4" };
  const { env, readable } = localWorker(new Map(Object.entries(variables)), "service");
  const { EMBEDDINGS_PATH, ...others } = worker({}).env;
  assertEquals(env, { ...others, GALLERY_MODE: "service" });
  assertEquals(readable, worker({}).readable.filter((path) => path !== EMBEDDINGS_PATH));
});

Deno.test("an empty variable counts as missing", () => {
  assertEquals(
    worker({ MODEL_PATH: "", MATCH_THRESHOLD: "", MODEL_CALIBRATION: "", LOG_LEVEL: "" }),
    worker({}),
  );
});

Deno.test("a worker may read the configured files, also the calibration", () => {
  const files = {
    EMBEDDINGS_PATH: "/gallery.json",
    MODEL_PATH: "/recognition.onnx",
    DETECTOR_PATH: "/detector.onnx",
    LANDMARKS_PATH: "/landmarks.onnx",
    LIVENESS_PATH: "/liveness.onnx",
    MODEL_CALIBRATION: "/calibration.json",
  };
  const { env, readable } = worker({ ...files, MATCH_ON: "cosine" });
  assertEquals(env, { ...worker({}).env, MATCH_ON: "cosine", ...files });
  assertEquals(new Set(readable), new Set(Object.values(files)));
});

Deno.test("only settings that concern workers are passed on to them", () => {
  const concerns = {
    MATCH_ON: "cosine",
    MATCH_THRESHOLD: "0.4",
    MAX_IMAGE_BYTES: "1000",
    MAX_IMAGE_PIXELS: "2000",
    REQUESTS_PER_WORKER: "5",
  };
  const { env } = worker({
    ...concerns,
    PORT: "9000",
    HOST: "0.0.0.0",
    WORKER_TOKEN_PRIVATE_KEYS: "another key",
    AWS_SECRET_ACCESS_KEY: "secret",
  });
  assertEquals(env, { ...worker({}).env, ...concerns });
});

Deno.test("when the api logs at level info, a worker logs only warnings; other levels are passed on", () => {
  for (
    const [api, expected] of [
      ["info", "warn"],
      ["debug", "debug"],
      ["warn", "warn"],
      ["error", "error"],
      ["silent", "silent"],
    ] as const
  ) {
    assertEquals(worker({ LOG_LEVEL: api }).env["LOG_LEVEL"], expected);
  }
});
