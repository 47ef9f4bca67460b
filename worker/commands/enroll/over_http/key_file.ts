/** Reads the key that the calls to a service need. */

import { readBoundedFile } from "../../read_bounded_file.ts";

/** Tokens of an issuer can be long. A service refuses longer headers. */
const MAX_KEY_BYTES = 16 * 1024;

/** A key of a caller. */
export interface CallerKey {
  /** Text of the key. It is sent to the service, and never printed or stored. */
  readonly text: string;
  /** Public id of the key; undefined for a token of an issuer, which has none. */
  readonly id: string | undefined;
}

/** Error for a key that cannot be used. The one-line message has no part of the key. */
export class KeyError extends Error {
  override readonly name = "KeyError";
}

/**
 * Reads a key from a file, or from standard input.
 *
 * @param path Path of a file that only its owner can read, or "-" for standard input
 * @throws {KeyError}
 */
export async function readKey(path: string): Promise<CallerKey> {
  const bytes = path === "-" ? await readInput() : await readPrivateFile(path);
  const text = new TextDecoder().decode(bytes).trim();
  const where = path === "-" ? "Standard input" : `The file ${path}`;
  if (text === "") throw new KeyError(`${where} has no key`);
  if (!/^[!-~]+$/.test(text)) {
    throw new KeyError(`${where} must have one key and nothing else`);
  }
  return { text, id: /^fi_([0-9a-f]+)_/.exec(text)?.[1] };
}

async function readPrivateFile(path: string): Promise<Uint8Array> {
  const bytes = await readBoundedFile(path, MAX_KEY_BYTES, KeyError);
  const { mode } = await Deno.stat(path);
  // Windows has no mode.
  if (mode !== null && Deno.build.os !== "windows" && (mode & 0o077) !== 0) {
    throw new KeyError(
      `Other accounts of this machine can read the key in ${path}: run chmod 600 first`,
    );
  }
  return bytes;
}

async function readInput(): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_KEY_BYTES + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await Deno.stdin.read(bytes.subarray(length));
    if (read === null) return bytes.subarray(0, length);
    length += read;
  }
  throw new KeyError(`Standard input has more than ${MAX_KEY_BYTES} bytes`);
}
