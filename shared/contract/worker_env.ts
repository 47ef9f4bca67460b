/**
 * Settings of the worker. The api sets them for worker processes on its own machine. In a cluster,
 * the chart sets them for the workers' pods.
 */

import { z } from "zod";
import { POLICY_ENV } from "./face_policy.ts";
import { choice, flag, fraction, SETTINGS } from "../setting.ts";
import { AGREED_ENV, SERVICE_ENV } from "./service_env.ts";

/**
 * Settings of the recognition. The api passes them on to worker processes on its own machine. The
 * default paths are those in a container.
 */
export const RECOGNITION_ENV = {
  EMBEDDINGS_PATH: z.string().default("/etc/embeddings/data.json").register(SETTINGS, {
    description: "the [gallery](#galleries): a file, or a folder of files",
    shownDefault: "the sample gallery",
    isPath: true,
  }),
  MATCH_ON: choice("confidence", "cosine").default("confidence").register(SETTINGS, {
    description:
      "the score that must reach MATCH_THRESHOLD: confidence, or cosine for a model without calibration",
    chartValue: "matchOn",
  }),
  MATCH_THRESHOLD: fraction().default(0.7).register(SETTINGS, {
    description:
      "lowest score of a match, above 0 and up to 1; [accuracy.md](accuracy.md) shows what each value costs",
    chartValue: "threshold",
  }),
  MODEL_PATH: z.string().default("/models/face_recognition.onnx").register(SETTINGS, {
    description: "recognition model: [models/README.md](../models/README.md)",
    shownDefault: "the small model; in the images SFace",
    isPath: true,
  }),
  DETECTOR_PATH: z.string().default("/models/face_detection.onnx").register(SETTINGS, {
    description: "detection model",
    shownDefault: "the file that `deno task models` writes",
    isPath: true,
  }),
  LANDMARKS_PATH: z.string().default("/models/face_landmarks.onnx").register(SETTINGS, {
    description: "landmark model",
    shownDefault: "the file that `deno task models` writes",
    isPath: true,
  }),
  ...POLICY_ENV,
  LIVENESS_PATH: z.string().default("/models/face_liveness.onnx").register(SETTINGS, {
    description: "liveness model; not used with LIVENESS=off",
    shownDefault: "the file that `deno task models --liveness` writes",
    isPath: true,
  }),
  REQUIRE_SEAL: flag().default(false).register(SETTINGS, {
    description:
      "true: a worker that cannot close itself in before its first request does not start ([sealing.md](sealing.md)); false: it logs a warning and starts",
    chartValue: "worker.requireSeal",
  }),
  MODEL_CALIBRATION: z.string().optional().register(SETTINGS, {
    description: "file with the calibration of MODEL_PATH, as `deno task calibrate` prints it",
    shownDefault: "the calibration in the manifest",
    isPath: true,
  }),
} as const;

/** Settings of a single worker. The api or the chart's pod template sets them for each worker. */
export const INSTANCE_ENV = {
  WORKER_NAME: z.string({ error: "must be set" }).min(1).max(253).register(SETTINGS, {
    description: "name of the worker; it accepts only tokens that were signed for this name",
    shownDefault: "none: must be set",
  }),
  WORKER_TOKEN_PUBLIC_KEYS_PATH: z.string().optional().register(SETTINGS, {
    description:
      "file with the public keys of the api, in PEM; a call must be signed with one of the keys",
    shownDefault: "none: this or WORKER_TOKEN_PUBLIC_KEYS must be set",
  }),
  WORKER_TOKEN_PUBLIC_KEYS: z.string().optional().register(SETTINGS, {
    description: "the keys themselves instead of a file",
    shownDefault: "none",
  }),
  GALLERY_MODE: choice("service", "workers").default("workers").register(SETTINGS, {
    description:
      "service: the worker loads no gallery and answers with embeddings, for the gallery service; it must be the mode of the api",
  }),
  EXIT_ON_STDIN_EOF: flag().default(false).register(SETTINGS, {
    description:
      "true: the worker exits when its standard input ends, because its starter has then ended",
  }),
  FOLLOW_GALLERY: flag().default(true).register(SETTINGS, {
    description:
      "false: with EXIT_ON_STDIN_EOF=true and a gallery of its own, the worker tells once which gallery it has, and does not look for changes",
  }),
} as const;

/** All settings of the worker. */
export const WORKER_ENV = {
  ...SERVICE_ENV,
  ...AGREED_ENV,
  ...INSTANCE_ENV,
  ...RECOGNITION_ENV,
} as const;

/** Names of the settings that the api passes on to its worker processes. */
export const PASSED_ON_NAMES: readonly string[] = Object.keys({
  ...AGREED_ENV,
  ...RECOGNITION_ENV,
});

/** Names of the variables that the worker reads. */
export const WORKER_ENV_NAMES: readonly string[] = Object.keys(WORKER_ENV);
