/** Reads a collected log line by line. */

import { ConfigError } from "../../shared/env.ts";
import { describeError } from "../../shared/log.ts";
import { TextLineStream } from "./text_line_stream.ts";

/**
 * Reads the lines of a log.
 *
 * @param path Path of a file; "-" is standard input
 * @throws {ConfigError} when the file cannot be read
 */
export async function* readLogLines(path: string): AsyncGenerator<string> {
  try {
    const bytes = path === "-" ? Deno.stdin.readable : (await Deno.open(path)).readable;
    yield* bytes.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read (${describeError(cause)})`, { cause });
  }
}
