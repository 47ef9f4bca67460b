import { assert, assertEquals } from "@std/assert";
import { API_ENV_NAMES, readApiConfig } from "../../api/config.ts";
import { WORKER_ENV_NAMES } from "../../worker/config.ts";
import { at, environment, find, render } from "../support/helm.ts";
import { needs } from "../support/needs.ts";

const helmTest = needs("helm");

helmTest("the worker reads every variable that the chart gives it", async () => {
  const models = ["recognition", "detector", "landmarks", "calibration"]
    .map((name) => `models.${name}=x`);
  const objects = await render("--set", ["models.persistentVolumeClaim=m", ...models].join(","));
  const names = Object.keys(environment(find(objects, "Deployment/face-it-worker")));
  assert(names.includes("MODEL_CALIBRATION"));
  for (const name of names) assert(WORKER_ENV_NAMES.includes(name), name);
});

helmTest("the api reads every variable that the chart gives it", async () => {
  const names = Object.keys(environment(find(await render(), "Deployment/face-it-api")));
  assert(names.includes("WORKER_SELECTOR"));
  for (const name of names) assert(API_ENV_NAMES.includes(name), name);
});

helmTest("the api claims workers of its own release alone", async () => {
  const objects = await render();
  const env = environment(find(objects, "Deployment/face-it-api"));
  const { pool } = readApiConfig({ get: (name) => env[name] });
  assert(pool.kind === "kubernetes");
  assertEquals(pool.selector["app.kubernetes.io/instance"], "face-it");
  const worker = find(objects, "Deployment/face-it-worker");
  const labels = at(worker, "spec.template.metadata.labels") as Record<string, string>;
  for (const [name, value] of Object.entries(pool.selector)) assertEquals(labels[name], value);
});
