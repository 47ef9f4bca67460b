import { assert, assertEquals } from "@std/assert";
import { report } from "./report.ts";
import { drawScaling } from "./scaling_svg.ts";

const readDoc = (name: string) => Deno.readTextFile(new URL(`../../docs/${name}`, import.meta.url));

Deno.test("docs/scaling.md shows the tables that the simulation prints", async () => {
  const doc = await readDoc("scaling.md");
  const tables = report().split("\n\n");
  assertEquals(tables.length, 4);
  for (const table of tables) {
    assert(doc.includes(`\n\n${table}\n\n`), `Not in docs/scaling.md:\n${table}`);
  }
});

Deno.test("docs/scaling.svg is what the simulation draws", async () => {
  assertEquals(await readDoc("scaling.svg"), drawScaling());
});
