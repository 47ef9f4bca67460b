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
    const { bytes, removed, channels, zeroed, rewritten } = prepareModel(await readInput(input));
    await writeOutput(output, bytes);
    const checksum = await sha256(bytes);
    console.log(
      `${output}: ${removed} nodes computed or removed, ${channels} channels removed, ` +
        `${zeroed} weights set to zero, ${rewritten} PRelu rewritten; sha256 ${checksum}`,
    );
    return 0;
  } catch (error) {
    if (error instanceof NotOnnxError) console.error(`${input}: ${error.message}`);
    else if (error instanceof FileError) console.error(error.message);
    else throw error;
    return 1;
  }
}

/** Error for a file that cannot be read or written; the one-line message names the file. */
class FileError extends Error {
  override readonly name = "FileError";
}

async function readInput(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new FileError(`${path} cannot be read: ${describe(cause)}`, { cause });
  }
}

async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeAtomically(path, bytes);
  } catch (cause) {
    throw new FileError(`${path} cannot be written: ${describe(cause)}`, { cause });
  }
}

/** Returns the reason that the operating system gives, without the path of a temporary file. */
function describe(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).split(/ \(os error|\n/, 1)[0]!;
}

if (import.meta.main) process.exitCode = await main(Deno.args);
