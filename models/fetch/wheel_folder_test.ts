import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { temporaryFolder } from "../../tests/support/temporary_folder.ts";
import { makeWheelFolder, removeLeftWheelFolders } from "./wheel_folder.ts";

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("a temporary folder of a process that has ended is removed, and nothing else", async () => {
  await using folder = await temporaryFolder({
    ".wheel-left/lock": "",
    ".wheel-left/sample.whl": "a part of a wheel",
    ".wheel-new/requirements.txt": "",
    ".wheel-file": "",
    "other/lock": "",
  });
  await using used = await makeWheelFolder(folder.root);
  await Deno.writeTextFile(join(used.path, "sample.whl"), "a part of a wheel");
  await removeLeftWheelFolders(folder.root);
  assertEquals(
    names(folder.root),
    [".wheel-file", ".wheel-new", used.path.slice(folder.root.length + 1), "other"].sort(),
  );
  assertEquals(names(used.path), ["lock", "sample.whl"]);
});

Deno.test("a temporary folder is removed with everything in it when it is disposed of", async () => {
  await using folder = await temporaryFolder({});
  {
    await using used = await makeWheelFolder(folder.root);
    await Deno.mkdir(join(used.path, "more"));
  }
  assertEquals(names(folder.root), []);
});
