/**
 * Checks /openapi.json with the recommended rules of Redocly CLI. Fails on an error or a warning.
 * The linter may not use the network, so it sends nothing.
 */

import { createFakeApp } from "../../api/fake_app.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** Missing in deno.json on purpose: `npx deno task start` would download it, too. */
const LINTER = "npm:@redocly/cli@2.77.0";

const { call } = createFakeApp();
const document = await (await call("/openapi.json")).json();
await using folder = await temporaryFolder();
const path = await folder.write("openapi.json", JSON.stringify(document, undefined, 2));
Deno.exitCode = await lint(path);

async function lint(path: string): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-config", "--no-lock"],
      ...["--allow-read", "--allow-env", "--allow-sys", LINTER],
      ...["lint", path, "--extends=recommended", "--max-problems=1000"],
    ],
    env: { REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  }).output();
  const report = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  if (success && !/warning/i.test(report)) return 0;
  console.error(report);
  return 1;
}
