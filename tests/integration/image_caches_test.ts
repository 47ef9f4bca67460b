// The build of the worker's image runs its programs once, so that the image has the caches of Deno.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { ROOT } from "../support/checkout.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary_folder.ts";

const CACHES = ["v8_code_cache_v2", "node_analysis_cache_v2", "dep_analysis_cache_v2"];

Deno.test("the caches of one run have the code of both programs, and all files that a reader needs", async () => {
  await using folder = await temporaryFolder();
  const { success, stderr } = await writeCaches(folder, LOCAL_PATHS.recognition);
  assert(success, stderr);
  for (const cache of CACHES) {
    for (const end of ["", "-wal", "-shm"]) {
      assert((await Deno.stat(folder.path(`caches/${cache}${end}`))).isFile);
    }
  }
  using cache = new DatabaseSync(folder.path("caches/v8_code_cache_v2"), { readOnly: true });
  const rows = cache.prepare("SELECT specifier FROM codecache").all();
  const specifiers = rows.map(({ specifier }) => String(specifier));
  const modules = [
    ...["/worker/main.ts", "/worker/seal/seal.ts", "/onnxruntime-node/"],
    ...["/supervisor/main.ts", "/supervisor/pod_processes.ts"],
  ];
  for (const module of modules) {
    assert(specifiers.some((specifier) => specifier.includes(module)), module);
  }
});

Deno.test("an image whose worker does not start is not built", async () => {
  await using folder = await temporaryFolder();
  const { success, stderr } = await writeCaches(folder, join(ROOT, "models/no_such_model.onnx"));
  assertEquals(success, false);
  assertStringIncludes(stderr, "no_such_model.onnx cannot be read");
  assertStringIncludes(stderr, "The worker ended with 1 before it was ready");
});

/** Runs the program as the Dockerfile does, with the packages of this machine. */
async function writeCaches(folder: TemporaryFolder, recognition: string) {
  const caches = folder.path("caches");
  await Deno.mkdir(caches);
  const info = await run(["info", "--json"], {});
  await Deno.symlink(JSON.parse(info.stdout).npmCache, join(caches, "npm"));
  const permissions = ["net=127.0.0.1", "read", `write=${caches}`, "run=deno"];
  return await run([
    ...["run", "-q", "--frozen", ...permissions.map((permission) => `--allow-${permission}`)],
    ...["worker/image/write_caches.ts", caches],
  ], {
    DENO_DIR: folder.path("build"),
    MODEL_PATH: recognition,
    DETECTOR_PATH: LOCAL_PATHS.detector,
    LANDMARKS_PATH: LOCAL_PATHS.landmarks,
  });
}

async function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    cwd: ROOT,
    env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1", ...env },
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
