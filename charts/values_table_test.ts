import { assert, assertEquals, assertThrows } from "@std/assert";
import { insertTable, readValues, ValuesError, valuesTable } from "./values_table.ts";

const CHART = "charts/face-it";

Deno.test("a value is documented by the comment above it", () => {
  const yaml = '# How many,\n# at once.\nsize: 4\nimage:\n  # Its | tag.\n  tag: ""\n';
  const values = readValues(yaml);
  assertEquals(values, [
    { path: "size", default: "4", description: "How many, at once." },
    { path: "image.tag", default: '""', description: "Its | tag." },
  ]);
  assertEquals(valuesTable(values).split("\n")[3], '| `image.tag` | `""` | Its \\| tag. |');
});

Deno.test("a value without a comment is refused", () => {
  assertThrows(() => readValues("# One.\na: 1\nb: 2\n"), ValuesError, "b has no comment");
});

Deno.test("a list on lines of its own is refused rather than left out", () => {
  assertThrows(() => readValues("# Some.\na:\n  - 1\n"), ValuesError, "Line 3");
});

Deno.test("a README without the marks is refused", () => {
  assertThrows(() => insertTable("# Chart", ""), ValuesError, "lacks");
});

Deno.test("the chart's README has the table of its values", async () => {
  const values = readValues(await Deno.readTextFile(`${CHART}/values.yaml`));
  const readme = await Deno.readTextFile(`${CHART}/README.md`);
  // The formatter pads the cells.
  const plain = (text: string) => text.replace(/ +/g, " ").replace(/-+/g, "-");
  assertEquals(
    plain(readme),
    plain(insertTable(readme, valuesTable(values))),
    'Run "deno task chart-readme"',
  );
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

Deno.test("the schema describes the values that there are, and no others", async () => {
  const values = readValues(await Deno.readTextFile(`${CHART}/values.yaml`));
  const documented = values.map(({ path }) => path);
  const schema = JSON.parse(await Deno.readTextFile(`${CHART}/values.schema.json`));

  const described = (node: Schema, path: string): string[] => {
    if (documented.includes(path)) return [path];
    const { properties, additionalProperties } = node.$ref === undefined
      ? node
      : schema.$defs[node.$ref.split("/").at(-1)!] as Schema;
    assert(properties !== undefined, `${path} is in the schema, but not in values.yaml`);
    assertEquals(additionalProperties, false, path);
    return Object.entries(properties).flatMap(([key, child]) =>
      described(child, path === "" ? key : `${path}.${key}`)
    );
  };
  // "global" is what a chart gives to those that it consists of.
  const { global: _, ...properties } = schema.properties;
  assertEquals(described({ ...schema, properties }, "").sort(), documented.sort());
});
