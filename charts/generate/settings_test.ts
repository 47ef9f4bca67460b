import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { choice, flag, fraction, integer, SETTINGS } from "../../shared/setting.ts";
import { GenerateError } from "./generate_error.ts";
import { listSettings } from "./setting_list.ts";
import { settingsTemplate } from "./settings_template.ts";
import { writeValuesSchema } from "./values_schema.ts";

const about = (chartValue: string) => ({ description: "A setting", chartValue });

const SHAPE = {
  SIZE: integer(1, 9).default(4).register(SETTINGS, about("size")),
  LEAST: fraction().default(0.7).register(SETTINGS, about("match.least")),
  FAST: flag().default(false).register(SETTINGS, about("match.fast")),
  KIND: choice("a", "b").default("a").register(SETTINGS, about("kind")),
  NAME: z.string().optional().register(SETTINGS, about("name")),
  INNER: z.string().default("x").register(SETTINGS, { description: "No value sets it" }),
};

Deno.test("a setting shows its shownDefault, or else the default of its schema", () => {
  const shown = { description: "A path", shownDefault: "the sample" };
  const settings = listSettings({
    ...SHAPE,
    PATH: z.string().default("/x").register(SETTINGS, shown),
    LABELS: z.string().default("a=b").pipe(z.string().transform((text) => text.split("=")))
      .register(SETTINGS, { description: "Labels" }),
  });
  assertEquals(
    settings.map(({ name, shownDefault }) => [name, shownDefault]),
    [
      ["SIZE", "4"],
      ["LEAST", "0.7"],
      ["FAST", "false"],
      ["KIND", "a"],
      ["NAME", undefined],
      ["INNER", "x"],
      ["PATH", "the sample"],
      ["LABELS", "a=b"],
    ],
  );
});

Deno.test("a setting without a description is refused", () => {
  assertThrows(() => listSettings({ SIZE: integer(1, 2) }), GenerateError, "SIZE has no desc");
});

Deno.test("the template has every variable that a chart value sets", () => {
  const template = settingsTemplate({ demo: listSettings(SHAPE) });
  assertStringIncludes(
    template,
    [
      '{{- define "face-it.demo" -}}',
      "- {name: SIZE, value: {{ .Values.size | toJson | quote }}}",
      "- {name: LEAST, value: {{ float64 .Values.match.least | toJson | quote }}}",
      "- {name: FAST, value: {{ .Values.match.fast | toJson | quote }}}",
      "- {name: KIND, value: {{ .Values.kind | quote }}}",
      "- {name: NAME, value: {{ .Values.name | quote }}}",
      "{{- end -}}",
    ].join("\n"),
  );
});

Deno.test("the values' schema gets the bounds of the settings and keeps other values", () => {
  const before = JSON.stringify({ properties: { size: { type: "string" }, other: {} } });
  const { properties } = JSON.parse(writeValuesSchema(before, listSettings(SHAPE)));
  assertEquals(Object.keys(properties), ["size", "other", "match", "kind", "name"]);
  assertEquals(properties.size, { type: "integer", minimum: 1, maximum: 9 });
  assertEquals(properties.kind, { enum: ["a", "b"] });
  assertEquals(properties.name, { type: "string" });
  const { least, fast } = properties.match.properties;
  assertEquals([least.exclusiveMinimum, least.maximum], [0, 1]);
  assertEquals(fast, { type: "boolean" });
  assertEquals(properties.match.additionalProperties, false);
});

Deno.test("a setting of a type that the chart does not support cannot have a chart value", () => {
  const labels = z.string().transform((text) => text.split("=")).register(SETTINGS, about("l"));
  const settings = listSettings({ LABELS: labels });
  assertThrows(() => settingsTemplate({ demo: settings }), GenerateError, "LABELS");
  assertThrows(() => writeValuesSchema("{}", settings), GenerateError, "LABELS");
});
