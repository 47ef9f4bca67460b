/** Runs a command that fetches files: `deno task models` or `deno task samples`. */

import { relative } from "node:path";
import { createProgress } from "../../shared/progress.ts";
import type { FetchPackageOptions } from "./fetch_package.ts";
import { readNpmEnvironment } from "./npm_environment.ts";

/** Registry, progress and warnings, as a command has them. */
export type FetchCommandOptions = Pick<FetchPackageOptions, "npm" | "progress" | "warn">;

/**
 * Runs the command and ends the process. Prints the files that were written, or nothing when no
 * file was missing. Prints an error as one line, and exits with 1.
 *
 * @param write Writes the missing files, and returns their paths
 */
export async function runFetchCommand(
  write: (options: FetchCommandOptions) => Promise<readonly string[]>,
): Promise<never> {
  try {
    const written = await write({
      npm: readNpmEnvironment(Deno.env),
      progress: createProgress(),
      warn: (sentence) => console.error(sentence),
    });
    const paths = written.map((path) => relative(Deno.cwd(), path));
    if (paths.length > 0) console.log(`Wrote ${paths.join(", ")}`);
    // Exits here, because open connections to the registry would delay the end of the process.
    Deno.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message.split("\n", 1)[0] : error);
    Deno.exit(1);
  }
}
