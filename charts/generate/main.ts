/**
 * The command `deno task generate`: generates files from the settings and the chart's values. With
 * --check it writes nothing. It lists the files that are not up to date, and exits with 1 if there
 * are any.
 */

import { generate } from "./generate.ts";
import { GenerateError } from "./generate_error.ts";

const check = Deno.args.includes("--check");
const read = (path: string) => Deno.readTextFile(path);
const stale: string[] = [];
const files = await generate(read).catch((error) => {
  if (!(error instanceof GenerateError)) throw error;
  console.error(error.message);
  Deno.exit(1);
});
for (const [path, text] of files) {
  if (text === await read(path).catch(() => undefined)) continue;
  stale.push(path);
  if (!check) await Deno.writeTextFile(path, text);
}
for (const path of stale) {
  console.error(check ? `${path} is not up to date: run "deno task generate"` : `Wrote ${path}`);
}
if (check && stale.length > 0) Deno.exit(1);
