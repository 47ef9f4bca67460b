import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

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

Deno.test("calibrate names a folder that does not exist", async () => {
  const { code, out, err } = await calibrate("--from", "no/such/folder");
  assertEquals({ code, out }, { code: 1, out: "" });
  assertEquals(err, "The folder no/such/folder does not exist\n");
});

Deno.test("calibrate --help explains the command", async () => {
  const { code, out } = await calibrate("--help");
  assertEquals(code, 0);
  assertStringIncludes(out, "MODEL_CALIBRATION");
});

Deno.test("calibrate lists skipped files, and says how many people it needs before it reads a photo", async () => {
  await using folder = await temporaryFolder({
    "somebody/notes.txt": "no photo",
    "somebody/notes\n\u001b[2K.txt": "no photo",
    "somebody/broken.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
  });
  await Deno.symlink("nowhere", folder.path("somebody/gone.jpg"));
  const { code, out, err } = await calibrate("--from", folder.root);
  assertEquals({ code, out }, { code: 1, out: "" });
  const lines = err.split("\n");
  assertEquals(lines.slice(0, 3), [
    `${folder.root}/somebody/gone.jpg: unreadable`,
    `${folder.root}/somebody/notes\\u{a}\\u{1b}[2K.txt: not_a_photo`,
    `${folder.root}/somebody/notes.txt: not_a_photo`,
  ]);
  assertStringIncludes(lines[3]!, "needs accepted photos of at least 100 people; there are 1.");
});

const calibrate = (...args: string[]): Promise<CommandResult> =>
  runCommand("worker/commands/calibrate/main.ts", args);
