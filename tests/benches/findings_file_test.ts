import { assertEquals, assertRejects } from "@std/assert";
import { temporaryFolder } from "../support/temporary_folder.ts";
import type { Finding } from "./budget.ts";
import { appendFindings, FindingsFileError, readFindings } from "./findings_file.ts";

const WITH_BUDGET: Finding = {
  what: "start (ms)",
  measured: 1.5,
  budget: 2,
  bound: "at most",
  detail: "a\nb",
};
const WITHOUT: Finding = { what: "rate", measured: 3, bound: "at least", detail: "" };

Deno.test("a file has one line for each finding, and the next run adds its own", async () => {
  await using folder = await temporaryFolder();
  const path = folder.path("a.jsonl");
  await appendFindings(path, [WITH_BUDGET, WITHOUT]);
  await appendFindings(path, [WITHOUT]);
  assertEquals((await Deno.readTextFile(path)).split("\n").length, 4);
  assertEquals(await readFindings(path), [WITH_BUDGET, WITHOUT, WITHOUT]);
});

Deno.test("a file without findings is refused, and the error names the line", async () => {
  const line = JSON.stringify(WITHOUT);
  await using folder = await temporaryFolder({
    empty: "",
    text: `${line}\nhello\n`,
    other: `${line}\n${line}\n{"what":"rate"}\n`,
  });
  const refused = async (name: string, end: string) => {
    const error = await assertRejects(() => readFindings(folder.path(name)), FindingsFileError);
    assertEquals(error.message, `${folder.path(name)}${end}`);
  };
  await refused("missing", " cannot be read");
  await refused("empty", " has no findings");
  await refused("text", ':2 is not a finding of "deno task bench --json"');
  await refused("other", ':3 is not a finding of "deno task bench --json"');
});
