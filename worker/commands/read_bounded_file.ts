/** Reads a file of the command line, with a limit on its size. */

/**
 * Returns the content of a file.
 *
 * @param maxBytes Largest size. Not more is read, also from a file that grows
 * @param Failure Class of the errors; their one-line messages name the file
 * @throws {Failure} when the file cannot be read, is not a file, or is too large
 */
export async function readBoundedFile(
  path: string,
  maxBytes: number,
  Failure: new (message: string, options?: ErrorOptions) => Error,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxBytes + 1);
  let length = 0;
  try {
    // Does not open a named pipe: that would wait for a writer.
    if (!(await Deno.stat(path)).isFile) throw new Failure(`${path} is not a file`);
    using file = await Deno.open(path);
    while (length < bytes.length) {
      const read = await file.read(bytes.subarray(length));
      if (read === null) break;
      length += read;
    }
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(`The file ${path} cannot be read`, { cause });
  }
  if (length > maxBytes) throw new Failure(`The file ${path} has more than ${maxBytes} bytes`);
  return bytes.subarray(0, length);
}
