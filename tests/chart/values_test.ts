import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { at, CHART, renderValues } from "../support/helm.ts";
import type { KubeObject } from "../support/kubernetes.ts";
import { needs } from "../support/needs.ts";
import {
  type ChartValue,
  isChoice,
  otherChoices,
  readChartValues,
  uniqueValue,
  withValue,
} from "./changed_values.ts";

const helmTest = needs("helm");

/** Values that switch on everything that can be switched on. */
const EVERYTHING = {
  models: { persistentVolumeClaim: "models" },
  // The chart's own keys would be different at every rendering.
  token: { existingSecret: "ours" },
  api: { service: { type: "NodePort", nodePort: 30080 } },
  worker: { runtimeClass: { name: "gvisor", create: true } },
  ingress: { enabled: true, host: "id.example.org" },
  httpRoute: { enabled: true, parentRefs: [{ name: "public" }] },
  monitoring: {
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
};

/** Values for everything, once for each form of the gallery, and the values that exclude this form. */
const VARIANTS: readonly { readonly values: object; readonly without: readonly string[] }[] = [
  {
    values: withValue(EVERYTHING, "gallery.secrets", ["staff"]),
    without: ["gallery.persistentVolumeClaim.name", "gallery.json"],
  },
  {
    values: withValue(
      withValue(EVERYTHING, "gallery.persistentVolumeClaim.name", "faces"),
      "api.autoscaling.enabled",
      true,
    ),
    without: ["gallery.secrets", "gallery.json"],
  },
  {
    values: withValue(EVERYTHING, "gallery.json", '{"embeddings": []}'),
    without: ["gallery.persistentVolumeClaim.name", "gallery.secrets"],
  },
];

/** Renders a variant with all values changed that can be told from each other. */
async function renderChanged({ values, without }: typeof VARIANTS[number], of: ChartValue[]) {
  const changed = of
    .filter((value) => !isChoice(value) && !without.includes(value.path))
    .reduce((values, value) => withValue(values, value.path, uniqueValue(value).value), values);
  return await renderValues(changed);
}

function mentions(objects: readonly KubeObject[], text: string): boolean {
  const pattern = new RegExp(`(?<!\\w)${text.replace(/[.]/g, "\\$&")}(?!\\w)`);
  return pattern.test(JSON.stringify(objects));
}

helmTest("every value changes what the chart renders", async (t) => {
  const all = await readChartValues();
  assert(all.length > 80);
  const defaults = parse(await Deno.readTextFile(`${CHART}/values.yaml`));
  const variants = await Promise.all(VARIANTS.map(async (variant) => ({
    ...variant,
    before: await renderValues(variant.values),
    after: await renderChanged(variant, all),
  })));
  const hasEffect = async (value: ChartValue) => {
    if (!isChoice(value)) {
      const { text } = uniqueValue(value);
      assert(variants.every(({ before }) => !mentions(before, text)), `${text} is not unique`);
      return variants.some(({ after }) => mentions(after, text));
    }
    for (const { values, without, before } of variants) {
      if (without.includes(value.path)) continue;
      const present = at(values, value.path) ?? at(defaults, value.path);
      const [other] = otherChoices(value, present);
      const after = await renderValues(withValue(values, value.path, other));
      if (JSON.stringify(after) !== JSON.stringify(before)) return true;
    }
    return false;
  };
  for (const value of all) {
    if (!await hasEffect(value)) {
      await t.step(`${value.path} has an effect`, () => {
        throw new Error("Another value changes nothing. Does it need another one in EVERYTHING?");
      });
    }
  }
});

helmTest("a value of the api or of the workers changes nothing of the other", async () => {
  const all = await readChartValues();
  const objects = await renderChanged(VARIANTS[0]!, all);
  for (const value of all.filter((value) => !isChoice(value))) {
    const { text } = uniqueValue(value);
    const components = objects
      .filter((object) => mentions([object], text))
      .map(({ metadata }) => metadata.labels["app.kubernetes.io/component"]);
    if (value.path.startsWith("worker.")) assertEquals(new Set(components), new Set(["worker"]));
    if (value.path.startsWith("api.")) assert(!components.includes("worker"), value.path);
  }
});
