/** Starts the service with galleries and models that a test makes. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { Service } from "./service.ts";

/** Checks that the service ends by itself, and that what it says why includes the message. */
export async function assertRefusesToStart(
  env: Readonly<Record<string, string>>,
  message: string,
): Promise<void> {
  await using service = new Service(env);
  await eventually(async () => (await service.processes()).length === 0, `it ends: ${message}`);
  const text = service.lines.join("\n");
  assertEquals(await service.exitCode(), 1, text);
  await service.leavesNothing();
  const unescaped = text.replaceAll('\\"', '"');
  assertStringIncludes(unescaped, message);
  assert(!service.out.includes("ready"), service.out);
}

/** A folder for galleries and models. */
export interface TemporaryFolder extends AsyncDisposable {
  /** Where a file of that name would lie. */
  path(name: string): string;
  /** Writes a new file and gives its path. */
  write(content: string | Uint8Array): Promise<string>;
}

/** Makes an empty folder, which goes when it is disposed of. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await Deno.makeTempDir();
  let files = 0;
  return {
    path: (name) => join(folder, name),
    async write(content) {
      const path = join(folder, `file-${++files}`);
      if (typeof content === "string") await Deno.writeTextFile(path, content);
      else await Deno.writeFile(path, content);
      return path;
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}
