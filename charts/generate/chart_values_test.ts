import { assert, assertEquals, assertThrows } from "@std/assert";
import { readValues } from "./chart_values.ts";
import { GenerateError } from "./generate_error.ts";

const CHART = "charts/face-it";

Deno.test("a value is described by the comment above it", () => {
  const yaml = '# How many,\n# at once.\nsize: 4\nimage:\n  # Its tag.\n  tag: ""\n';
  assertEquals(readValues(yaml), [
    { path: "size", default: "4", description: "How many, at once." },
    { path: "image.tag", default: '""', description: "Its tag." },
  ]);
});

Deno.test("a list or a map may be on several lines", () => {
  const yaml = "# Ports.\nports:\n  - 443\n  - 6443\n" +
    "pod:\n  # CPU and memory.\n  resources:\n    limits:\n      memory: 1Mi\n";
  assertEquals(readValues(yaml), [
    { path: "ports", default: "[ 443, 6443 ]", description: "Ports." },
    {
      path: "pod.resources",
      default: "{ limits: { memory: 1Mi } }",
      description: "CPU and memory.",
    },
  ]);
});

Deno.test("a comment above a group, or before a blank line, describes no value", () => {
  const yaml = "# Licence.\n\n# Size.\na: 1\n\n# A group.\nb:\n  # Of b.\n\n  # Of c.\n  c: 2\n";
  assertEquals(readValues(yaml).map(({ path, description }) => [path, description]), [
    ["a", "Size."],
    ["b.c", "Of c."],
  ]);
});

Deno.test("a value without a comment is refused", () => {
  assertThrows(() => readValues("# One.\na: 1\nb: 2\n"), GenerateError, "b has no comment");
  assertThrows(
    () => readValues("a:\n  # One.\n  b: 1\n  c: 2\n"),
    GenerateError,
    "a.c has no comment",
  );
});

Deno.test("a file that is not a map in YAML is refused", () => {
  assertThrows(() => readValues("- 1\n"), GenerateError, "not a map");
  assertThrows(() => readValues("a: {\n"), GenerateError, "values.yaml: ");
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  /** True for a value of earlier versions. The chart refuses it with a message of its own. */
  readonly deprecated?: boolean;
}

Deno.test("values.schema.json describes exactly the values of values.yaml", async () => {
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
    return Object.entries(properties)
      .filter(([, { deprecated }]) => !deprecated)
      .flatMap(([key, child]) => described(child, path === "" ? key : `${path}.${key}`));
  };
  // A chart that contains this one may set "global".
  const { global: _, ...properties } = schema.properties;
  assertEquals(described({ ...schema, properties }, "").sort(), documented.sort());
});
