/** Switches the telemetry of ONNX Runtime off. The library itself has it on. */

import type { Environment } from "../../shared/env.ts";

/**
 * Variable that switches the telemetry off. Without it the library looks up and calls a collector of
 * its vendor, and writes files below HOME and in the temporary folder. The permissions of Deno do
 * not restrict native code.
 */
export const DISABLE_TELEMETRY = "ORT_DISABLE_TELEMETRY";

/** Environment of a process, in which variables can be set. */
export interface ChangeableEnvironment extends Environment {
  /** Sets a variable, also for native code that reads the environment afterwards. */
  set(name: string, value: string): void;
}

/** Error for a process that must not load ONNX Runtime, because its telemetry would be on. */
export class TelemetryError extends Error {
  /** Name of the class. */
  override readonly name = "TelemetryError";
}

/**
 * Sets the variable. Must be called before ONNX Runtime is loaded.
 *
 * @param env Environment of this process
 * @throws {TelemetryError} when the variable cannot be set
 */
export function disableTelemetry(env: ChangeableEnvironment): void {
  const message = `${DISABLE_TELEMETRY} cannot be set, so ONNX Runtime is not loaded`;
  try {
    env.set(DISABLE_TELEMETRY, "1");
  } catch (cause) {
    throw new TelemetryError(message, { cause });
  }
  // Deno ignores a call for a variable that is not in a permission set with `ignore`.
  if (env.get(DISABLE_TELEMETRY) !== "1") throw new TelemetryError(message);
}
