import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

Deno.test("calibrate answers a wrong command line with one line and exit code 2", async () => {
  for (
    const [args, complaint] of [
      [["--form", "DIR"], "'--form'"],
      [["DIR"], "'DIR'"],
      [["--from"], "--from"],
      [[], "--from DIR is missing"],
    ] as const
  ) {
    const { code, out, err } = await calibrate(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertStringIncludes(err, complaint);
    assertMatch(err, /^[^\n]*Usage: deno task calibrate --from DIR[^\n]*\n$/);
  }
});

Deno.test("calibrate names the folder that does not exist", async () => {
  const { code, out, err } = await calibrate("--from", "no/such/folder");
  assertEquals({ code, out }, { code: 1, out: "" });
  assertEquals(err, "The folder no/such/folder does not exist\n");
});

Deno.test("calibrate explains itself", async () => {
  const { code, out } = await calibrate("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "MODEL_CALIBRATION");
});

Deno.test("calibrate says which files it passed over, and how many people it lacks", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.mkdir(`${folder}/somebody`);
  await Deno.writeTextFile(`${folder}/somebody/notes.txt`, "no photo");
  const { code, out, err } = await calibrate("--from", folder);
  assertEquals({ code, out }, { code: 1, out: "" });
  assertStringIncludes(err, `${folder}/somebody/notes.txt: not_a_photo\n`);
  assertStringIncludes(err, "needs at least 5 people and 500 pairs");
});

async function calibrate(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=tool", "worker/commands/calibrate/main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}
