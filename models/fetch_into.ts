/** The command by which the worker's image gets the default models: FOLDER. */

import { createProgress } from "../shared/progress.ts";
import { fetchModels } from "./fetch.ts";
import { readNpmEnvironment } from "./npm_environment.ts";

const [folder] = Deno.args;
if (folder === undefined) {
  console.error("Usage: models/fetch_into.ts FOLDER");
  Deno.exit(2);
}
await fetchModels({
  folder,
  npm: readNpmEnvironment(Deno.env),
  progress: createProgress(),
  warn: (sentence) => console.error(sentence),
});
// Explicitly: connections that are kept alive would hold the process for a while.
Deno.exit(0);
