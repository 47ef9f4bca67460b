import { assertEquals } from "@std/assert";
import { readTables, writeTable } from "./markdown_table.ts";

const TABLE = { head: ["pods", "wait"], rows: [["3", "4.7 s"], ["8", ""]] };

Deno.test("readTables returns the tables that writeTable wrote, also from between other text", () => {
  const markdown = writeTable(TABLE);
  assertEquals(readTables(`# Title\n\n${markdown}\n\nText.\n\n${markdown}\n`), [TABLE, TABLE]);
});

Deno.test("aligned columns and bold cells make no difference to readTables", () => {
  const markdown = "| pods  | wait  |\n| ----- | ----- |\n| **3** | 4.7 s |\n| 8     |       |\n";
  assertEquals(readTables(markdown), [TABLE]);
});
