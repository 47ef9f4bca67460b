import { assertEquals } from "@std/assert";
import { markdownTable } from "./markdown_table.ts";

Deno.test("the columns of a table are as wide as their longest cell, at least three", () => {
  assertEquals(markdownTable(["N", "cosine"], [["1", "0.424"], ["2,000", "0.573 (1:1)"]]), [
    "| N     | cosine      |",
    "| ----- | ----------- |",
    "| 1     | 0.424       |",
    "| 2,000 | 0.573 (1:1) |",
  ]);
  assertEquals(markdownTable(["", "a"], []), ["|     | a   |", "| --- | --- |"]);
});
