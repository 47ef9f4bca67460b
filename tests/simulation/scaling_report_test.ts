import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { readTables } from "../support/markdown_table.ts";
import { measure, podsNeeded } from "./load.ts";
import { poolSize } from "./pool_size.ts";
import { PLOTTED, REUSE, STEADY } from "./scaling_loads.ts";
import { scalingReport } from "./scaling_report.ts";
import { drawScaling } from "./scaling_svg.ts";

const readDoc = (name: string) => Deno.readTextFile(new URL(`../../docs/${name}`, import.meta.url));

/**
 * Allowed difference between a documented figure and the simulated one, for each column. All other
 * columns must be equal. `deno task simulate` prints the current tables.
 */
const TOLERANCES: Readonly<Record<string, number>> = {
  "being replaced": 0.2,
  "wait p50": 0.2,
  "wait p99": 0.2,
  "shed": 0.5,
};

Deno.test("the tables of docs/scaling.md show the figures of the simulation", async () => {
  const documented = readTables(await readDoc("scaling.md"));
  for (const { head, rows } of readTables(`${scalingReport()}\n`)) {
    const table = documented.find((table) => table.head.join() === head.join());
    assert(table !== undefined, `docs/scaling.md has no table with the columns ${head}`);
    assertEquals(table.rows.length, rows.length, `rows of the table with the columns ${head}`);
    for (const [i, row] of rows.entries()) {
      const documentedRow = table.rows[i]!;
      const where = `docs/scaling.md has "${documentedRow}", the simulation gives "${row}"`;
      for (const [column, title] of head.entries()) {
        const [documentedCell, cell] = [documentedRow[column]!, row[column]!];
        const tolerance = TOLERANCES[title];
        if (tolerance === undefined) assertEquals(documentedCell, cell, where);
        else assertAlmostEquals(parseFloat(documentedCell), parseFloat(cell), tolerance, where);
      }
    }
  }
});

Deno.test("docs/scaling.md shows the pool size that the rule gives for each load", async () => {
  let sizes = 0;
  for (const { head, rows } of readTables(await readDoc("scaling.md"))) {
    const needed = head.indexOf("being replaced"), size = head.indexOf("pool size");
    if (needed === -1) continue;
    for (const [i, row] of rows.entries()) {
      const documented = Number(row[size]), average = Number(row[needed]);
      assertEquals(documented, i % 2 === 0 ? Math.ceil(average) : poolSize(average), `${row}`);
      sizes++;
    }
  }
  assertEquals(sizes, 2 * (STEADY.length + REUSE.length));
});

Deno.test("with the rule's size, 99 % of waits are below a second, and no request is shed", () => {
  for (const seed of [1, 2, 3]) {
    for (const load of [...STEADY, ...REUSE].map((load) => ({ ...load, seed }))) {
      const { waitP99, shed } = measure(load, poolSize(podsNeeded(load)));
      assert(waitP99 < 1 && shed === 0, `${JSON.stringify(load)}: ${waitP99} s, shed ${shed}`);
    }
  }
});

Deno.test("docs/scaling.svg shows the curves of the simulation", async () => {
  const documented = readPlot(await readDoc("scaling.svg")), drawn = readPlot(drawScaling());
  assertEquals(documented.words, drawn.words);
  const lengths = ({ lines }: Plot) => lines.map(({ length }) => length);
  assertEquals(lengths(documented), lengths(drawn));
  const expected = drawn.lines.flat();
  // A difference of 5 pixels is small: a panel is 230 pixels high.
  for (const [i, pixel] of documented.lines.flat().entries()) {
    assertAlmostEquals(pixel, expected[i]!, 5);
  }
});

Deno.test("docs/scaling.md describes the plot with the sizes that the plot marks", async () => {
  const [, alternative] = /!\[([^\]]*)\]\(scaling\.svg\)/.exec(await readDoc("scaling.md")) ?? [];
  const sizes = PLOTTED.map((load) => poolSize(podsNeeded(load)));
  assert(alternative?.includes(`${sizes.slice(0, -1).join(", ")} and ${sizes.at(-1)} pods`));
});

interface Plot {
  readonly words: readonly string[];
  /** Coordinates of the curves, and of the dots on them. */
  readonly lines: readonly (readonly number[])[];
}

function readPlot(svg: string): Plot {
  const words = [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, word]) => word!);
  const curves = [...svg.matchAll(/<path d="M([^"]*)"/g)].map(([, points]) =>
    points!.split(/[L ]/).map(Number)
  );
  const dots = [...svg.matchAll(/<circle cx="([^"]*)" cy="([^"]*)"/g)].map(([, ...xy]) =>
    xy.map(Number)
  );
  // The two panels have curves and dots. The legend has dots, too.
  assertEquals([curves.length, dots.length], [2 * PLOTTED.length, 3 * PLOTTED.length]);
  return { words, lines: [...curves, ...dots] };
}
