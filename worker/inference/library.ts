/** Loads ONNX Runtime. No other file imports it. */

import type * as Library from "onnxruntime-node";
import { disableTelemetry } from "./telemetry.ts";

/** See https://onnxruntime.ai/docs/api/js. */
export type OnnxRuntime = typeof Library;

/** Settings of a session. */
export type LibraryOptions = Library.InferenceSession.SessionOptions;

let library: Promise<OnnxRuntime> | undefined;

/**
 * Loads the library at the first call. It is never loaded with its telemetry on.
 *
 * @throws {TelemetryError} when the telemetry cannot be switched off
 */
export function loadLibrary(): Promise<OnnxRuntime> {
  return library ??= (async () => {
    disableTelemetry(Deno.env);
    return await import("onnxruntime-node");
  })();
}
