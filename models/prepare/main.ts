/** Runs the command `deno task prepare-model IN OUT`: prepares a recognition model. */

import process from "node:process";
import { sha256 } from "../../shared/sha256.ts";
import { writeAtomically } from "../../shared/write_atomically.ts";
import { NotOnnxError, prepareModel } from "./prepare_model.ts";

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [input, output, ...others] = args;
  if (input === undefined || output === undefined || others.length > 0) {
    console.error("Usage: deno task prepare-model IN OUT");
    return 2;
  }
  try {
    const { bytes, removed, zeroed, rewritten } = prepareModel(await Deno.readFile(input));
    await writeAtomically(output, bytes);
    console.log(
      `${output}: ${removed} nodes computed or removed, ${zeroed} weights set to zero, ` +
        `${rewritten} PRelu rewritten; sha256 ${await sha256(bytes)}`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof NotOnnxError || error instanceof Deno.errors.NotFound)) throw error;
    console.error(`${input}: ${error.message}`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main(Deno.args);
