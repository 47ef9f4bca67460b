import { assert } from "@std/assert";
import { WORKER_ENV_NAMES } from "../../worker/config.ts";
import { environment, find, helmTest, render } from "./helm.ts";

helmTest("the worker reads every variable that the chart gives it", async () => {
  const models = ["recognition", "detector", "landmarks", "calibration"]
    .map((name) => `models.${name}=x`);
  const objects = await render("--set", ["models.persistentVolumeClaim=m", ...models].join(","));
  const names = Object.keys(environment(find(objects, "Deployment/face-it-worker")));
  assert(names.includes("MODEL_CALIBRATION"));
  for (const name of names) assert(WORKER_ENV_NAMES.includes(name), name);
});
