// The service against its own /openapi.json: schemathesis makes up requests from the document and
// compares the answers with it.

import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { Service } from "../support/service.ts";

const CONFIG = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
const TIMEOUT_MS = 120_000;

const schemathesis = Deno.env.get("FACE_IT_SCHEMATHESIS");
const ignore = !schemathesis;

if (ignore) {
  console.warn(
    "The test of /openapi.json is skipped. It needs schemathesis, a program from PyPI, and " +
      "FACE_IT_SCHEMATHESIS to say where it is: CONTRIBUTING.md has the commands",
  );
}

Deno.test(
  "schemathesis finds no answer that /openapi.json does not foresee",
  { ignore },
  async () => {
    // So many that no request waits for a new worker: how they answer is what is looked at.
    await using service = await Service.ready({ REQUESTS_PER_WORKER: "100000" });
    const folder = await Deno.makeTempDir();
    await using _cleanup = {
      [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
    };
    const { success, stdout, stderr } = await new Deno.Command(schemathesis!, {
      args: [
        `--config-file=${CONFIG}`,
        "run",
        new URL("/openapi.json", service.url).href,
        "--checks=all",
        "--max-examples=50",
        "--seed=1",
        "--no-color",
      ],
      // It writes what it learned beside itself.
      cwd: folder,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).output();
    const report = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
    assert(success, report);
    assert(/Operations:\s+\d+ selected/.test(report), report);
  },
);
