/** Runs kubectl, for what a user does by kubectl. All other calls are made by kubernetes.ts. */

import { assert } from "@std/assert";
import { runProgram } from "./run_program.ts";

/**
 * Runs kubectl and returns its standard output.
 *
 * @throws {Error} with its standard error, when kubectl fails
 */
export async function kubectl(...args: string[]): Promise<string> {
  const { ok, text } = await runProgram("kubectl", args);
  assert(ok, text);
  return text;
}
