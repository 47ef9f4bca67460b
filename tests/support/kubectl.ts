/** Runs kubectl, for steps that a user does with kubectl. kubernetes.ts makes all other calls. */

import { assert } from "@std/assert";
import { runProgram } from "./run_program.ts";

/**
 * Runs kubectl and returns its standard output.
 *
 * @throws {Error} with the standard error of kubectl, when kubectl fails
 */
export async function kubectl(...args: string[]): Promise<string> {
  const { ok, text } = await runProgram("kubectl", args);
  assert(ok, text);
  return text;
}
