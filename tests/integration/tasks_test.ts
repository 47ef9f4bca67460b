// Checks how the tasks and the images run Deno: docs/privacy.md says what this is for.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import project from "../../deno.json" with { type: "json" };
import { localGalleryCommand } from "../../api/gallery/local_gallery_command.ts";
import { workerCommand } from "../../shared/pool/process/worker_process.ts";
import { ROOT } from "../support/checkout.ts";

const FOLDERS = [
  "api",
  "charts",
  "gallery",
  "matching",
  "models",
  "shared",
  "test-data",
  "tests",
  "worker",
];
/** Only this file loads ONNX Runtime with its telemetry on, in a process that has no network. */
const CONTROL = "tests/support/onnx/load_with_telemetry.ts";

Deno.test("every task that runs code uses deno.lock as it is, and looks for no newer Deno", () => {
  for (const [name, { command }] of Object.entries(project.tasks)) {
    for (const part of command.split(" && ")) {
      if (!/\bdeno (run|test|cache) /.test(part)) continue;
      assertStringIncludes(part, "DENO_NO_UPDATE_CHECK=1 deno ", name);
      assertStringIncludes(part, " --frozen ", name);
    }
  }
});

Deno.test("a local worker uses deno.lock as it is, and looks for no newer Deno", () => {
  const { args, env } = workerCommand({ env: {}, readable: [] }, "worker-1");
  assert(args.includes("--frozen") && args.includes("--cached-only"), args.join(" "));
  assertEquals(env["DENO_NO_UPDATE_CHECK"], "1");
});

Deno.test("a local gallery uses deno.lock as it is, and looks for no newer Deno", () => {
  const { args, env } = localGalleryCommand(new Map(), { logFormat: "json", publicKeys: "" });
  assert(args.includes("--frozen") && args.includes("--cached-only"), args.join(" "));
  assertEquals(env["DENO_NO_UPDATE_CHECK"], "1");
});

Deno.test("every image is built from a base image with a digest, and uses deno.lock as it is", async () => {
  for (const service of ["api", "gallery", "worker"]) {
    const dockerfile = await Deno.readTextFile(join(ROOT, service, "Dockerfile"));
    assert(/^ARG BASE=\S+@sha256:[0-9a-f]{64}$/m.test(dockerfile), service);
    const stages = [...dockerfile.matchAll(/^FROM (\S+)(?: AS (\S+))?$/gm)];
    const known = ["${BASE}", ...stages.map(([, , name]) => name)];
    for (const [line, base] of stages) assert(known.includes(base), `${service}: ${line}`);
    assert(/^ENV .*\bDENO_NO_UPDATE_CHECK=1\b/m.test(dockerfile), service);
    for (const [line] of dockerfile.matchAll(/^.*\bdeno"?,? "?(?:run|cache)\b.*$/gm)) {
      assertStringIncludes(line, "--frozen", service);
    }
  }
});

Deno.test("only one file loads ONNX Runtime, after it has switched the telemetry off", async () => {
  const loading: string[] = [];
  for (const folder of FOLDERS) {
    for await (const path of sourceFiles(folder)) {
      const text = await Deno.readTextFile(join(ROOT, path));
      // A type import loads nothing.
      const imports = text.replaceAll(/^import type .*$/gm, "");
      if (
        /(?:from|import|import\(|require\(|createRequire.*)\s*"(?:npm:)?onnxruntime-/.test(imports)
      ) {
        loading.push(path);
      }
    }
  }
  assertEquals(loading.toSorted(), [CONTROL, "worker/inference/library.ts"]);
});

async function* sourceFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sourceFiles(path);
    else if (isFile && /\.[cm]?[jt]s$/.test(name)) yield path;
  }
}
