import { join } from "node:path";
import { assertEquals, assertRejects } from "@std/assert";
import { writeAtomically } from "./write_atomically.ts";

Deno.test("a file is replaced as a whole, and no other file is left", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "model.onnx");
  await Deno.writeTextFile(path, "the old and longer content");
  await writeAtomically(path, new TextEncoder().encode("new"));
  assertEquals(await Deno.readTextFile(path), "new");
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["model.onnx"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a write that fails leaves no temporary file", async () => {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "taken");
  await Deno.mkdir(join(path, "by a folder"), { recursive: true });
  await assertRejects(() => writeAtomically(path, new Uint8Array(8)), Error);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["taken"]);
  await Deno.remove(folder, { recursive: true });
});
