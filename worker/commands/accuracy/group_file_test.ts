import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../../../tests/support/temporary_folder.ts";
import { readGroups } from "./group_file.ts";
import { ListFileError } from "./list_file.ts";

const PEOPLE = ["Ann", "Bob Cox", "Zoë"];

async function read(text: string | Uint8Array) {
  await using folder = await temporaryFolder();
  return await readGroups(await folder.write("groups.tsv", text as string), PEOPLE);
}

Deno.test("each line puts a person into a group; a person can be in several groups", async () => {
  const groups = await read("women\tAnn\nshort\tBob Cox\r\n\n  women \t Zoe\u0308 \nshort\tAnn");
  assertEquals(groups, [
    { name: "women", people: [0, 2] },
    { name: "short", people: [1, 0] },
  ]);
});

Deno.test("a file that is not a list of groups is refused, and the error names the line", async () => {
  const many = Array.from({ length: 101 }, (_, i) => `group ${i}\tAnn`).join("\n");
  const cases: readonly (readonly [string | Uint8Array, string])[] = [
    ["", "has no groups"],
    ["women Ann", "line 1: A line must have a group"],
    ["women\tAnn\nwomen\t", "line 2: A line must have a group"],
    ["\tAnn", "line 1: A line must have a group"],
    ["women\tAnn\tBob Cox", "line 1: A line must have a group"],
    [`${"w".repeat(101)}\tAnn`, "line 1: A line must have a group"],
    ["women\tAnn\n\nwomen\tEve", 'line 3: There is no folder of "Eve"'],
    ["women\tconstructor", 'line 1: There is no folder of "constructor"'],
    ["women\tE\u0007", 'line 1: There is no folder of "E\\u0007"'],
    ["women\tAnn\nwomen\tAnn", 'line 2: "Ann" is in this group already'],
    [many, "line 101: There are more than 100 groups"],
    [Uint8Array.of(0xff, 0x09, 0x41), "is not UTF-8"],
    [new Uint8Array(16 * 1024 * 1024 + 1), "has more than 16777216 bytes"],
  ];
  for (const [text, message] of cases) {
    await assertRejects(() => read(text), ListFileError, message);
  }
});

Deno.test("a missing file and a folder are errors", async () => {
  await using folder = await temporaryFolder();
  for (const path of [folder.path("missing"), folder.root]) {
    await assertRejects(() => readGroups(path, PEOPLE), ListFileError, path);
  }
});
