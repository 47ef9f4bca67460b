import { assertEquals } from "@std/assert";
import { markdownTable } from "./markdown_table.ts";

Deno.test("a column is as wide as its longest cell, and at least three characters wide", () => {
  assertEquals(
    markdownTable(["N", "cosine"], [["1", "0.424"], ["2,000", "0.573 (1:1)"]]).split("\n"),
    [
      "| N     | cosine      |",
      "| ----- | ----------- |",
      "| 1     | 0.424       |",
      "| 2,000 | 0.573 (1:1) |",
    ],
  );
  assertEquals(markdownTable(["", "a"], []), "|     | a   |\n| --- | --- |");
});

Deno.test("a bar in a cell is escaped", () => {
  const table = markdownTable(["name", "b"], [["x", "a|b"]]);
  assertEquals(table.split("\n").at(-1), "| x    | a\\|b |");
});
