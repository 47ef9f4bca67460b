/** Reads a text file that lists people or photos. */

import { readBoundedFile } from "../read_bounded_file.ts";

/** Error for a file that is not such a list; the one-line message names the file. */
export class ListFileError extends Error {
  override readonly name = "ListFileError";
}

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Returns the lines of a UTF-8 file, without their line ends.
 *
 * @throws {ListFileError} when the file cannot be read, is larger than 16 MiB, or is not UTF-8
 */
export async function readLines(path: string): Promise<string[]> {
  const bytes = await readBoundedFile(path, MAX_BYTES, ListFileError);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).split(/\r?\n/);
  } catch (cause) {
    throw new ListFileError(`The file ${path} is not UTF-8`, { cause });
  }
}
