import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/env.ts";
import { readSupervisorConfig } from "./config.ts";

const MINIMAL = { WORKER_NAME: "pod-1", WORKER_TOKEN_PUBLIC_KEYS_PATH: "/keys/public.pem" };
const read = (env: Record<string, string>) => readSupervisorConfig(new Map(Object.entries(env)));

Deno.test("a supervisor needs only the pod's name and the keys", () => {
  const { worker, ...config } = read(MINIMAL);
  assertEquals(config, {
    host: "127.0.0.1",
    port: 8080,
    log: { level: "info", format: "auto", service: "supervisor" },
    name: "pod-1",
    tokenKeys: { path: "/keys/public.pem" },
    answersWith: "authenticate",
    processes: 4,
    requestsPerWorker: 1,
    requestsPerPod: 100,
  });
  assertEquals(worker, {
    env: {
      WORKER_TOKEN_PUBLIC_KEYS_PATH: "/keys/public.pem",
      LOG_LEVEL: "warn",
      REQUIRE_SEAL: "true",
      FOLLOW_GALLERY: "false",
    },
    readable: [
      "/etc/embeddings/data.json",
      "/models/face_recognition.onnx",
      "/models/face_detection.onnx",
      "/models/face_landmarks.onnx",
      "/models/face_liveness.onnx",
      ...["recognition", "detection", "landmarks", "liveness"].flatMap((model) =>
        ["graph", "weights", "split.json"].map((end) => `/models/face_${model}.${end}`)
      ),
      "/keys/public.pem",
    ],
  });
});

Deno.test("the processes get the settings of a worker, and no address of their own", () => {
  const { worker, answersWith, processes, requestsPerPod } = read({
    ...MINIMAL,
    HOST: "::",
    PORT: "9000",
    EXIT_ON_STDIN_EOF: "false",
    REQUIRE_SEAL: "false",
    GALLERY_MODE: "service",
    MODEL_PATH: "/mine.onnx",
    LOG_LEVEL: "debug",
    MAX_IMAGE_BYTES: "",
    PROCESSES_PER_POD: "2",
    REQUESTS_PER_POD: "7",
    OTHER: "x",
  });
  assertEquals([answersWith, processes, requestsPerPod], ["embed", 2, 7]);
  assertEquals(worker.env, {
    GALLERY_MODE: "service",
    LOG_LEVEL: "debug",
    MODEL_PATH: "/mine.onnx",
    REQUIRE_SEAL: "true",
    FOLLOW_GALLERY: "false",
    WORKER_TOKEN_PUBLIC_KEYS_PATH: "/keys/public.pem",
  });
  assertEquals(worker.readable.includes("/mine.onnx"), true);
});

Deno.test("the error names the bad setting", () => {
  for (
    const [bad, message] of [
      [{ PROCESSES_PER_POD: "0" }, "PROCESSES_PER_POD: must be at least 1"],
      [{ REQUESTS_PER_POD: "many" }, "REQUESTS_PER_POD: must be a whole number"],
      [{ WORKER_NAME: "" }, "WORKER_NAME: must be set"],
      [{ WORKER_TOKEN_PUBLIC_KEYS: "both" }, "exactly one of WORKER_TOKEN_PUBLIC_KEYS_PATH"],
    ] as const
  ) {
    assertThrows(() => read({ ...MINIMAL, ...bad }), ConfigError, message);
  }
});
