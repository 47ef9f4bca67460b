import { assertEquals, assertThrows } from "@std/assert";
import { DISABLE_TELEMETRY, disableTelemetry, TelemetryError } from "./telemetry.ts";

Deno.test("the variable is set, also when it has another value", () => {
  for (const before of [undefined, "", "0", "false", "1"]) {
    const env = new Map<string, string>();
    if (before !== undefined) env.set(DISABLE_TELEMETRY, before);
    disableTelemetry(env);
    assertEquals([...env], [[DISABLE_TELEMETRY, "1"]]);
  }
});

Deno.test("a process that may not set the variable must not load the library", () => {
  const refused = new Deno.errors.NotCapable("Requires env access");
  const set = () => {
    throw refused;
  };
  const error = assertThrows(
    () => disableTelemetry({ get: () => undefined, set }),
    TelemetryError,
    "not loaded",
  );
  assertEquals(error.cause, refused);
});

Deno.test("a process whose permissions ignore the variable must not load the library", () => {
  assertThrows(
    () => disableTelemetry({ get: () => undefined, set: () => {} }),
    TelemetryError,
    "ORT_DISABLE_TELEMETRY cannot be set",
  );
});
