import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type CommandResult, runCommand } from "../support/run_command.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

Deno.test("accuracy answers a wrong command line with one line and exit code 2", async () => {
  for (const args of [[], ["DIR"], ["--model", "model.onnx"]]) {
    const { code, out, err } = await accuracy(...args);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertMatch(err, /^[^\n]*Usage: deno task accuracy \[--from DIR\][^\n]*\n$/);
  }
});

Deno.test("accuracy lists skipped files and refused photos, and says which photos it needs", async () => {
  await using folder = await temporaryFolder({
    "somebody/notes.txt": "no photo",
    "somebody/broken.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
    "somebody/two\nlines.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
  });
  const { code, out, err } = await accuracy("--from", folder.root);
  assertEquals({ code, out }, { code: 1, out: "" });
  assertStringIncludes(err, `\n${folder.root}/somebody/notes.txt: not_a_photo\n`);
  assertStringIncludes(err, `\n${folder.root}/somebody/broken.jpg: invalid_image\n`);
  assertStringIncludes(err, `\n${folder.root}/somebody/two\\u{a}lines.jpg: invalid_image\n`);
  assertMatch(err, /\nAccuracy needs two photos of one person and a photo of another person\n$/);
});

Deno.test("a file of groups is read before the photos, and an unknown person is refused", async () => {
  await using folder = await temporaryFolder({
    "photos/Ann/broken.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
    "groups.tsv": "women\tAnn\nwomen\tEve\n",
  });
  const groups = folder.path("groups.tsv");
  const { code, out, err } = await accuracy("--from", folder.path("photos"), "--groups", groups);
  assertEquals({ code, out }, { code: 1, out: "" });
  assertEquals(err, `The file of groups ${groups}, line 2: There is no folder of "Eve"\n`);
});

Deno.test("accuracy measures the model that --model names", async () => {
  await using folder = await temporaryFolder({
    "photos/Ann/1.jpg": Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
    "other.onnx": "no model",
  });
  const model = folder.path("missing.onnx");
  const { code, err } = await accuracy("--from", folder.path("photos"), "--model", model);
  assertEquals(code, 1);
  assertStringIncludes(err, `The model ${model} cannot be read`);
  const other = await accuracy(
    "--from",
    folder.path("photos"),
    "--model",
    folder.path("other.onnx"),
  );
  assertEquals(other.code, 1);
  assertStringIncludes(other.err, "The recognition model cannot be loaded");
});

const accuracy = (...args: string[]): Promise<CommandResult> =>
  runCommand("worker/commands/accuracy/main.ts", args, { env: { FACE_IT_LFW100: "" } });
