/** Writes and reads tables in Markdown. */

import { markdownTable } from "../../shared/markdown_table.ts";

/** A table. Each row has as many cells as the head. */
export interface MarkdownTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Writes a table as Markdown, with aligned columns. */
export function writeTable({ head, rows }: MarkdownTable): string {
  return markdownTable(head, rows);
}

/** Writes one row, for a table that is printed row by row. */
export function writeRow(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** Reads all tables of a Markdown document, in their order. Bold cells are read without `**`. */
export function readTables(markdown: string): MarkdownTable[] {
  const blocks = markdown.matchAll(/(?:^\|.*\|\n)+/gm);
  return [...blocks].map(([block]) => {
    const lines = block.trimEnd().split("\n");
    const [head, , ...rows] = lines.map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim().replaceAll("**", ""))
    );
    return { head: head!, rows };
  });
}
