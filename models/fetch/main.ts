/**
 * Runs the command `deno task models [FOLDER]`: fetches and prepares the default models. Prints
 * nothing when no model is missing.
 */

import { dirname, join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { fetchModels } from "./fetch_models.ts";
import { runFetchCommand } from "./run_fetch_command.ts";

const folder = Deno.args[0] ?? dirname(LOCAL_PATHS.recognition);

await runFetchCommand(async (options) => {
  const written = await fetchModels({ ...options, folder });
  return written.map(({ file }) => join(folder, file));
});
