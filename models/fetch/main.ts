/**
 * Runs the command `deno task models [--liveness] [FOLDER]`: fetches and prepares the default models,
 * and with `--liveness` also the liveness model. Prints nothing when no model is missing.
 */

import { dirname, join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { fetchModels } from "./fetch_models.ts";
import { runFetchCommand } from "./run_fetch_command.ts";

const liveness = Deno.args.includes("--liveness");
const folder = Deno.args.find((argument) => argument !== "--liveness") ??
  dirname(LOCAL_PATHS.recognition);

await runFetchCommand(async (options) => {
  const written = await fetchModels({ ...options, folder, liveness });
  return written.map(({ file }) => join(folder, file));
});
