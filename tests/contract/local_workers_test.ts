import { assert } from "@std/assert";
import { localWorker } from "../../api/local_workers.ts";
import { WORKER_ENV_NAMES } from "../../worker/config.ts";

Deno.test("a worker understands every variable that the api gives it", () => {
  const { env } = localWorker({ get: () => "1" });
  for (const name of Object.keys(env)) assert(WORKER_ENV_NAMES.includes(name), name);
});
