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

/** Values that enable every optional part of the chart. */
const EVERYTHING = {
  models: { persistentVolumeClaim: "models" },
  token: { privateKeysSecret: "ours", publicKeysConfigMap: "halves" },
  api: { allowAnonymousFromOutside: true, service: { type: "NodePort", nodePort: 30080 } },
  worker: { runtimeClass: { name: "gvisor", create: true } },
  ingress: { enabled: true, host: "id.example.org" },
  networkPolicy: { dns: { enabled: true } },
  httpRoute: { enabled: true, parentRefs: [{ name: "public" }] },
  livenessThreshold: 0.5,
  monitoring: {
    serviceMonitor: { enabled: true },
    prometheusRule: { enabled: true },
    dashboard: { enabled: true },
  },
};

/** Changes nothing that is rendered: it only decides if the chart refuses other values. */
const GUARD = "api.allowAnonymousFromOutside";

/** Values that let the workers hold the gallery. */
const IN_WORKERS = ["gallery.secrets", "gallery.persistentVolumeClaim.name", "gallery.json"];

/** Values of the gallery service alone that a check compares with these. */
const OF_SERVICE = ["gallery.postgres.secret", "gallery.replicas", "gallery.importSecrets"];

/** EVERYTHING with each form of the gallery. `without` lists the values that exclude this form. */
const VARIANTS: readonly { readonly values: object; readonly without: readonly string[] }[] = [
  { values: EVERYTHING, without: [...IN_WORKERS, "gallery.postgres.secret", "gallery.replicas"] },
  {
    values: withValue(
      withValue(EVERYTHING, "gallery.postgres.secret", "db"),
      "isolation",
      "process",
    ),
    without: IN_WORKERS,
  },
  {
    values: withValue(EVERYTHING, "gallery.secrets", ["staff"]),
    without: ["gallery.persistentVolumeClaim.name", "gallery.json", ...OF_SERVICE],
  },
  {
    values: withValue(
      withValue(EVERYTHING, "gallery.persistentVolumeClaim.name", "faces"),
      "api.autoscaling.enabled",
      true,
    ),
    without: ["gallery.secrets", "gallery.json", ...OF_SERVICE],
  },
  {
    values: withValue(EVERYTHING, "gallery.json", '{"embeddings": []}'),
    without: ["gallery.persistentVolumeClaim.name", "gallery.secrets", ...OF_SERVICE],
  },
];

/** Renders a variant in which every value has changed, if it can contain a unique text. */
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
    if (value.path !== GUARD && !await hasEffect(value)) {
      await t.step(`${value.path} has an effect`, () => {
        throw new Error(
          "Changing this value has no effect. Does it need another value in EVERYTHING?",
        );
      });
    }
  }
});

helmTest("api values change no worker objects, worker values only worker objects", async () => {
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
