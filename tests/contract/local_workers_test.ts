import { assert } from "@std/assert";
import { localWorker } from "../../api/pool/process/local_worker.ts";
import { localGalleryCommand } from "../../api/gallery/local_gallery_command.ts";
import { DENO_ENV } from "../../shared/process/deno_command.ts";
import { API_ENV_NAMES } from "../../api/env.ts";
import project from "../../deno.json" with { type: "json" };
import { GALLERY_ENV_NAMES } from "../../shared/contract/gallery_env.ts";
import { WORKER_ENV_NAMES } from "../../shared/contract/worker_env.ts";

Deno.test("a worker reads every variable that the api gives it", () => {
  const { env } = localWorker({ get: () => "1" });
  for (const name of Object.keys(env)) assert(WORKER_ENV_NAMES.includes(name), name);
});

Deno.test("a gallery service reads every variable that the api gives it", () => {
  const { env } = localGalleryCommand({ get: () => "1" }, { logFormat: "json", publicKeys: "1" });
  for (const name of Object.keys(env)) {
    const isDeno = DENO_ENV.includes(name) || name === "DENO_NO_UPDATE_CHECK";
    assert(isDeno || GALLERY_ENV_NAMES.includes(name), name);
  }
});

Deno.test("the permissions of each service allow it to read its variables", () => {
  const { worker, api: kubernetes, "api-local": api } = project.permissions;
  for (const name of WORKER_ENV_NAMES) assert(worker.env.allow.includes(name), `worker: ${name}`);
  for (const name of API_ENV_NAMES) {
    assert(api.env.allow.includes(name), `api-local: ${name}`);
    assert(kubernetes.env.allow.includes(name), `api: ${name}`);
  }
  for (const name of Object.keys(localWorker(new Map()).env)) {
    assert(api.env.allow.includes(name), `api, for its workers: ${name}`);
  }
});
