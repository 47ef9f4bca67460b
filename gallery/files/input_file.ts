/** A file that a command reads, or its standard input. */

import { createHash } from "node:crypto";

/** A file to read, perhaps several times. */
export interface InputFile {
  /** Path of the file, or its name in messages when `content` is set. */
  readonly path: string;
  /** Content that was read before; by default, the content of the file. */
  readonly content?: Blob;
}

/** Error for a file that cannot be read or written, or is not an exported gallery. */
export class ExportFileError extends Error {
  override readonly name = "ExportFileError";
}

/** Greatest number of bytes that standard input may have: it is kept in memory. */
const MAX_STDIN_BYTES = 500_000_000;

/**
 * Opens a file from its beginning.
 *
 * @throws {ExportFileError} when the file cannot be read
 */
export async function openInput(
  { path, content }: InputFile,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  if (content) return content.stream();
  try {
    return (await Deno.open(path)).readable;
  } catch (cause) {
    throw new ExportFileError(`The file ${path} cannot be read`, { cause });
  }
}

/**
 * Returns the sha256 of a file, in lower-case hexadecimal.
 *
 * @throws {ExportFileError} when the file cannot be read
 */
export async function hashInput(file: InputFile): Promise<string> {
  const hash = createHash("sha256");
  const content = await openInput(file);
  try {
    for await (const bytes of content) hash.update(bytes);
  } catch (cause) {
    throw new ExportFileError(`The file ${file.path} cannot be read`, { cause });
  }
  return hash.digest("hex");
}

/**
 * Reads standard input to its end. It is never written to a disk.
 *
 * @throws {ExportFileError} when it is too long
 */
export async function readStandardInput(
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes = MAX_STDIN_BYTES,
): Promise<InputFile> {
  const content = await readWhole(input, maxBytes);
  if (content === undefined) {
    throw new ExportFileError(`Standard input has more than ${maxBytes / 1e6} MB`);
  }
  return { path: "Standard input", content };
}

/** Reads a stream to its end. Returns undefined as soon as it has more than `maxBytes`. */
export async function readWhole(
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): Promise<Blob | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of input) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}
