import { assert, assertEquals } from "@std/assert";
import { API_ENV_NAMES } from "../../api/env.ts";
import { readApiConfig } from "../../api/config.ts";
import { API_ENV, KUBERNETES_ENV } from "../../api/env.ts";
import { listSettings, type Setting } from "../../charts/generate/setting_list.ts";
import { GALLERY_ENV, GALLERY_ENV_NAMES } from "../../shared/contract/gallery_env.ts";
import { AGREED_ENV, SERVICE_ENV } from "../../shared/contract/service_env.ts";
import { RECOGNITION_ENV } from "../../shared/contract/worker_env.ts";
import { WORKER_ENV_NAMES } from "../../shared/contract/worker_env.ts";
import { at, environment, find, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");
/** Values of a release whose workers hold the gallery. */
const STATIC = "gallery.secrets={staff}";

helmTest("the worker reads every variable that the chart gives it", async () => {
  const models = ["recognition", "detector", "landmarks", "calibration"]
    .map((name) => `models.${name}=x`);
  const set = ["models.persistentVolumeClaim=m", ...models].join(",");
  for (const [gallery, own] of [[[], "GALLERY_MODE"], [[STATIC], "EMBEDDINGS_PATH"]] as const) {
    const objects = await render("--set", [set, ...gallery].join(","));
    const names = Object.keys(environment(find(objects, "Deployment/face-it-worker")));
    assert(names.includes("MODEL_CALIBRATION") && names.includes(own));
    for (const name of names) assert(WORKER_ENV_NAMES.includes(name), name);
  }
});

helmTest("the gallery service reads every variable that the chart gives it", async () => {
  const calibration = "models.persistentVolumeClaim=m,models.calibration=x";
  for (
    const [set, object] of [
      [calibration, "StatefulSet/face-it-gallery"],
      [`${calibration},gallery.postgres.secret=db`, "Deployment/face-it-gallery"],
    ] as const
  ) {
    const names = Object.keys(environment(find(await render("--set", set), object)));
    assert(names.includes("GALLERY_STORE") && names.includes("MODEL_CALIBRATION"));
    for (const name of names) assert(GALLERY_ENV_NAMES.includes(name), name);
  }
});

helmTest("the api reads every variable that the chart gives it", async () => {
  const names = Object.keys(environment(find(await render(), "Deployment/face-it-api")));
  assert(names.includes("WORKER_SELECTOR") && names.includes("GALLERY_URL"));
  for (const name of names) assert(API_ENV_NAMES.includes(name), name);
});

for (const [set, kind] of [["logLevel=info", "service"], [STATIC, "workers"]] as const) {
  helmTest(`the api claims only workers of its own release, with gallery ${kind}`, async () => {
    const objects = await render("--set", set);
    const env = environment(find(objects, "Deployment/face-it-api"));
    const { pool, gallery } = readApiConfig({ get: (name) => env[name] });
    assert(pool.kind === "kubernetes");
    assertEquals(gallery.kind, kind);
    assertEquals(pool.selector["face-it.io/gallery"], kind);
    assertEquals(pool.selector["app.kubernetes.io/instance"], "face-it");
    const worker = find(objects, "Deployment/face-it-worker");
    const labels = at(worker, "spec.template.metadata.labels") as Record<string, string>;
    for (const [name, value] of Object.entries(pool.selector)) assertEquals(labels[name], value);
  });
}

helmTest("a chart value for a setting reaches every service that has the setting", async () => {
  const common = listSettings({ ...SERVICE_ENV, ...AGREED_ENV });
  const services = {
    "Deployment/face-it-api": [...common, ...listSettings({ ...API_ENV, ...KUBERNETES_ENV })],
    "Deployment/face-it-worker": [...common, ...listSettings(RECOGNITION_ENV)],
    "StatefulSet/face-it-gallery": listSettings(GALLERY_ENV),
  };
  const values = Object.values(services).flat()
    .filter(({ chartValue }) => chartValue !== undefined)
    .map((setting) => `${setting.chartValue}=${unusual(setting)}`);
  const service = await render("--set", values.join(","));
  // Workers that hold the gallery know no consents.
  const inWorkers = await render(
    "--set",
    [...values, "gallery.requireConsent=false", STATIC].join(","),
  );
  for (const [name, settings] of Object.entries(services)) {
    const objects = name === "StatefulSet/face-it-gallery" ? service : inWorkers;
    const env = environment(find(objects, name));
    for (const setting of settings) {
      if (setting.chartValue === undefined) continue;
      assertEquals(env[setting.name], String(unusual(setting)), setting.name);
    }
  }
});

/** Returns a valid value of the setting, other than its default. */
function unusual({ name, type }: Setting): unknown {
  switch (type.type) {
    case "integer":
      return type.minimum! + Math.floor((Number(type.default) - type.minimum!) / 3) + 1;
    case "number":
      return 0.5;
    case "boolean":
      return type.default !== true;
    case "string":
      return type.enum?.find((word) => word !== type.default) ?? "another";
    default:
      throw new TypeError(`${name} has an unknown type`);
  }
}
