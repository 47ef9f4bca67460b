import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ROOT } from "../support/checkout.ts";
import { runProgram } from "../support/run_program.ts";
import { HOSTILE_BODIES } from "./hostile_bodies.ts";

const PROGRAM = fileURLToPath(new URL("parse_hostile_bodies.ts", import.meta.url));

// The largest body of the default limits has 14 MB. Parsing 14 MB of nested arrays with JSON.parse
// needs a heap of 770 MB. The two texts that the parsers make of base64 need 28 MB.
Deno.test("every hostile body of 14 MB is answered with a heap of 96 MB", async () => {
  const { ok, text } = await runProgram(Deno.execPath(), [
    ...["run", "-q", "--config", join(ROOT, "deno.json"), "-P=test"],
    ...["--v8-flags=--max-old-space-size=96", PROGRAM, "14"],
  ]);
  assert(ok, text);
  const lines = text.trim().split("\n");
  assertEquals(lines.length, Object.keys(HOSTILE_BODIES).length);
  for (const line of lines) assertMatch(line, /: .*\w/);
});
