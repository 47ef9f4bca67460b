/**
 * Runs the command `deno task models [FOLDER]`: fetches and prepares the default models. Prints
 * nothing when no model is missing.
 */

import { dirname, join, relative } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { createProgress } from "../../shared/progress.ts";
import { fetchModels } from "./fetch_models.ts";
import { readNpmEnvironment } from "./npm_environment.ts";

const folder = Deno.args[0] ?? dirname(LOCAL_PATHS.recognition);
try {
  const written = await fetchModels({
    folder,
    npm: readNpmEnvironment(Deno.env),
    progress: createProgress(),
    warn: (sentence) => console.error(sentence),
  });
  const paths = written.map(({ file }) => relative(Deno.cwd(), join(folder, file)));
  if (paths.length > 0) console.log(`Wrote ${paths.join(", ")}`);
  // Exits here, because open connections to the registry would delay the end of the process.
  Deno.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
  Deno.exit(1);
}
