/** Checks that the service does not start with a wrong setting, gallery or model. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { eventually } from "./eventually.ts";
import { Service } from "./service.ts";

/** Checks that the service ends with exit code 1, logs `message` once and is never ready. */
export async function assertRefusesToStart(
  env: Readonly<Record<string, string>>,
  message: string,
): Promise<void> {
  await using service = new Service(env);
  await eventually(
    async () => (await service.processes()).length === 0,
    `the service ends: ${message}`,
  );
  const text = service.lines.join("\n");
  assertEquals(await service.exitCode(), 1, text);
  await service.leavesNothing();
  const unescaped = text.replaceAll('\\"', '"');
  assertStringIncludes(unescaped, message);
  const logged = unescaped.split("\n").filter((line) => line.startsWith("{")).join("\n");
  assert(logged.split(message).length <= 2, `The log repeats the error:\n${text}`);
  assert(!service.out.includes("ready"), service.out);
}
