import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/env.ts";
import { WORKER_ENV_NAMES } from "../shared/contract/worker_env.ts";
import { readWorkerConfig } from "./config.ts";

const MINIMAL = { WORKER_NAME: "worker-1", WORKER_TOKEN_PUBLIC_KEYS: "k" };

const read = (variables: Record<string, string>) =>
  readWorkerConfig(new Map(Object.entries(variables)));

Deno.test("a worker needs only its name and its keys", () => {
  const { tokenKeys, ...config } = read(MINIMAL);
  assertEquals(tokenKeys, { text: "k" });
  assertEquals(config, {
    host: "127.0.0.1",
    port: 8080,
    log: { level: "info", format: "auto", service: "worker" },
    name: "worker-1",
    gallery: {
      embeddingsPath: "/etc/embeddings/data.json",
      match: { on: "confidence", threshold: 0.7 },
    },
    modelPaths: {
      recognition: "/models/face_recognition.onnx",
      detector: "/models/face_detection.onnx",
      landmarks: "/models/face_landmarks.onnx",
      liveness: undefined,
      calibration: undefined,
    },
    acceptUnclearProbes: false,
    maxImageBytes: 10 * 1024 * 1024,
    maxImagePixels: 51_000_000,
    bodyTimeoutMs: 5000,
    requestsPerWorker: 1,
    requireSeal: false,
    exitOnStdinEof: false,
    followsGallery: true,
  });
});

Deno.test("every variable of a worker can be set", () => {
  const variables: Record<string, string> = {
    ...MINIMAL,
    HOST: "127.0.0.1",
    PORT: "0",
    LOG_LEVEL: "debug",
    LOG_FORMAT: "json",
    EMBEDDINGS_PATH: "/gallery.json",
    MODEL_PATH: "/recognition.onnx",
    DETECTOR_PATH: "/detector.onnx",
    LANDMARKS_PATH: "/landmarks.onnx",
    LIVENESS: "enforce",
    QUALITY: "observe",
    LIVENESS_PATH: "/liveness.onnx",
    MODEL_CALIBRATION: "/calibration.json",
    MATCH_ON: "cosine",
    MATCH_THRESHOLD: "0.45",
    MAX_IMAGE_BYTES: "1000",
    MAX_IMAGE_PIXELS: "2000",
    BODY_TIMEOUT_MS: "3000",
    REQUESTS_PER_WORKER: "50",
    REQUIRE_SEAL: "true",
    EXIT_ON_STDIN_EOF: "true",
    FOLLOW_GALLERY: "false",
    GALLERY_MODE: "workers",
  };
  const { tokenKeys: _, ...config } = read(variables);
  assertEquals(config, {
    host: "127.0.0.1",
    port: 0,
    log: { level: "debug", format: "json", service: "worker" },
    name: "worker-1",
    gallery: { embeddingsPath: "/gallery.json", match: { on: "cosine", threshold: 0.45 } },
    modelPaths: {
      recognition: "/recognition.onnx",
      detector: "/detector.onnx",
      landmarks: "/landmarks.onnx",
      liveness: "/liveness.onnx",
      calibration: "/calibration.json",
    },
    acceptUnclearProbes: true,
    maxImageBytes: 1000,
    maxImagePixels: 2000,
    bodyTimeoutMs: 3000,
    requestsPerWorker: 50,
    requireSeal: true,
    exitOnStdinEof: true,
    followsGallery: false,
  });
  const untried = WORKER_ENV_NAMES.filter((name) => !(name in variables));
  assertEquals(untried, ["WORKER_TOKEN_PUBLIC_KEYS_PATH"]);
});

Deno.test("keys can be in a file", () => {
  const path = "/etc/face-it/token-keys/public.pem";
  const { tokenKeys } = read({ WORKER_NAME: "worker-1", WORKER_TOKEN_PUBLIC_KEYS_PATH: path });
  assertEquals(tokenKeys, { path });
});

Deno.test("exactly one of the two settings for keys must be set", () => {
  for (
    const variables of [
      { WORKER_NAME: "worker-1" },
      { ...MINIMAL, WORKER_TOKEN_PUBLIC_KEYS_PATH: "/keys" },
      // The setting of the first version.
      { WORKER_NAME: "worker-1", WORKER_TOKEN_KEYS: "k".repeat(32) },
    ]
  ) {
    assertThrows(() => read(variables), ConfigError, "one of WORKER_TOKEN_PUBLIC_KEYS_PATH");
  }
});

Deno.test("the error names the invalid variable", () => {
  for (
    const [name, value] of [
      ["WORKER_NAME", ""],
      ["MATCH_ON", "similarity"],
      ["MATCH_THRESHOLD", "0"],
      ["MATCH_THRESHOLD", "1.01"],
      ["MATCH_THRESHOLD", "NaN"],
      ["MAX_IMAGE_PIXELS", "0"],
      ["BODY_TIMEOUT_MS", "5s"],
      ["REQUESTS_PER_WORKER", "0"],
      ["EXIT_ON_STDIN_EOF", "yes"],
      ["PORT", "65536"],
    ] as const
  ) {
    assertThrows(() => read({ ...MINIMAL, [name]: value }), ConfigError, `${name}: must be`);
  }
});

Deno.test("the configuration cannot be changed", () => {
  assert(Object.isFrozen(read(MINIMAL)));
});

Deno.test("a worker for the gallery service has neither a gallery nor a threshold", () => {
  assertEquals(read({ ...MINIMAL, GALLERY_MODE: "service" }).gallery, undefined);
});
