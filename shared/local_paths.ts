/** Paths of the files that `deno task setup` and `deno task start` make in a checkout. */

import { fileURLToPath } from "node:url";

const inCheckout = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Absolute paths of the local models, of the sample gallery and of the data of a local service. */
export const LOCAL_PATHS = {
  recognition: inCheckout("models/face_recognition.onnx"),
  detector: inCheckout("models/face_detection.onnx"),
  landmarks: inCheckout("models/face_landmarks.onnx"),
  liveness: inCheckout("models/face_liveness.onnx"),
  gallery: inCheckout("test-data/embeddings.json"),
  data: inCheckout("data"),
} as const;
