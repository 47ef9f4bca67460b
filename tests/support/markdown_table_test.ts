import { assertEquals } from "@std/assert";
import { readTables, writeTable } from "./markdown_table.ts";

const TABLE = { head: ["pods", "wait"], rows: [["3", "4.7 s"], ["8", ""]] };

Deno.test("a table that was written is read back, whatever stands around it", () => {
  const markdown = writeTable(TABLE);
  assertEquals(readTables(`# Title\n\n${markdown}\n\nText.\n\n${markdown}\n`), [TABLE, TABLE]);
});

Deno.test("columns that are lined up and bold cells are read the same", () => {
  const markdown = "| pods  | wait  |\n| ----- | ----- |\n| **3** | 4.7 s |\n| 8     |       |\n";
  assertEquals(readTables(markdown), [TABLE]);
});
