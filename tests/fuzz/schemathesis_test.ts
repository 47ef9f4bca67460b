// Tests the service with schemathesis, which makes requests from /openapi.json of the service and
// compares the responses with that document.

import { assert, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { makeApiKey } from "../../api/callers/api_keys/api_key.ts";
import { SCOPES } from "../../api/callers/scopes.ts";
import { needs } from "../support/needs.ts";
import { Service } from "../support/service.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

const CONFIG = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
const TIMEOUT_MS = 120_000;

for (const GALLERY_MODE of ["workers", "service"]) {
  // With such a high limit, no request waits for a new worker. These tests check only responses.
  const env = { REQUESTS_PER_WORKER: "100000", GALLERY_MODE };

  needs("schemathesis")(
    `schemathesis finds no response that contradicts /openapi.json, GALLERY_MODE=${GALLERY_MODE}`,
    async () => {
      await using service = await Service.ready(env);
      await runSchemathesis(service, "--max-examples=50");
    },
  );

  needs("schemathesis")(
    `schemathesis finds no such response with a key of each scope, GALLERY_MODE=${GALLERY_MODE}`,
    async (t) => {
      const keys = SCOPES.map((scope) => ({ scope, ...makeApiKey() }));
      const entries = keys.map(({ id, sha256, scope }) => ({
        id,
        sha256,
        scopes: [scope],
        name: scope,
      }));
      await using folder = await temporaryFolder({
        "keys.json": JSON.stringify({ keys: entries }),
      });
      await using service = new Service(
        { ...env, API_KEYS_PATH: folder.path("keys.json") },
        ["run", "-q", "-P=api-local", `--allow-read=${folder.root}`, "api/main.ts"],
      );
      await service.untilReady();
      for (const { scope, text } of keys) {
        await t.step(scope, async () => {
          await runSchemathesis(
            service,
            "--max-examples=20",
            `--header=Authorization: Bearer ${text}`,
          );
        });
      }
    },
  );
}

async function runSchemathesis(service: Service, ...options: readonly string[]): Promise<void> {
  await using folder = await temporaryFolder();
  const { success, stdout, stderr } = await new Deno.Command(
    Deno.env.get("FACE_IT_SCHEMATHESIS")!,
    {
      args: [
        `--config-file=${CONFIG}`,
        "run",
        new URL("/openapi.json", service.url).href,
        "--checks=all",
        "--seed=1",
        "--no-color",
        ...options,
      ],
      // schemathesis writes files into the current folder.
      cwd: folder.root,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    },
  ).output();
  const report = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  assert(success, report);
  assertMatch(report, /Operations:\s+\d+ selected/);
}
