/** Writes and reads exported galleries. */

import { dirname, join } from "node:path";
import { pathExists } from "../../shared/path_exists.ts";
import { ExportFileError, type InputFile, openInput } from "./input_file.ts";
import { TextLineStream } from "./text_line_stream.ts";
import type { GalleryStore, NewUser } from "../store/store.ts";
import {
  BadExportLine,
  EXPORT_START,
  type ExportCounts,
  formatFirstLine,
  formatLastLine,
  formatUserLine,
  parseExportLine,
} from "./export_lines.ts";

/** Bytes that are collected before they are written. */
const CHUNK_BYTES = 1 << 20;

/**
 * Writes the users of a store with their templates. The file is complete or does not exist, and only
 * its owner can read it.
 *
 * @param collection The only collection to write; all by default
 * @param onUser Called after each user
 * @throws {ExportFileError} when the file exists or cannot be written
 */
export async function writeExportFile(
  path: string,
  store: GalleryStore,
  collection?: string,
  onUser: () => void = () => {},
): Promise<ExportCounts> {
  const temporary = join(dirname(path), `.${crypto.randomUUID()}.tmp`);
  try {
    const counts = { users: 0, templates: 0 };
    if (await pathExists(path)) throw new ExportFileError(`The file ${path} exists already`);
    {
      using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
      let lines: string[] = [formatFirstLine()], length = 0;
      const flush = async () => {
        const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
        for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
        [lines, length] = [[], 0];
      };
      for await (const user of store.readUsers(collection)) {
        const line = formatUserLine(user);
        length += line.length;
        lines.push(line);
        counts.users++;
        counts.templates += user.templates.length;
        onUser();
        if (length > CHUNK_BYTES) await flush();
      }
      lines.push(formatLastLine(counts));
      await flush();
      await file.sync();
    }
    // A link, unlike a renamed file, does not replace a file that was made meanwhile.
    await Deno.link(temporary, path);
    return counts;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw new ExportFileError(`The file ${path} exists already`);
    }
    // Errors of the system have a code, those of the store have none.
    if (error instanceof Error && "code" in error) {
      throw new ExportFileError(`The file ${path} cannot be written (${error.message})`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

/**
 * True when the file begins like an exported gallery.
 *
 * @throws {ExportFileError} when the file cannot be read
 */
export async function isExportFile(file: InputFile): Promise<boolean> {
  const start = new TextEncoder().encode(EXPORT_START);
  let read = 0;
  for await (const bytes of await openInput(file)) {
    for (const byte of bytes.subarray(0, start.length - read)) {
      if (byte !== start[read++]) return false;
    }
    if (read === start.length) return true;
  }
  return false;
}

/**
 * Reads the users of an exported gallery.
 *
 * @throws {ExportFileError} when the file cannot be read, has a bad line, or ends early. The message
 * names the line and quotes nothing of it
 */
export async function* readExportFile(file: InputFile): AsyncGenerator<NewUser> {
  const { path } = file;
  const content = await openInput(file);
  const lines = content.pipeThrough(new TextDecoderStream("utf-8", { fatal: true }))
    .pipeThrough(new TextLineStream());
  const counts = { users: 0, templates: 0 };
  let number = 0;
  let last: ExportCounts | undefined;
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ExportFileError(`${path}: line ${number}: ${reason}`, { cause });
  };
  try {
    for await (const text of lines) {
      number++;
      const line = parseExportLine(text);
      if (last !== undefined) refuse("it is after the last line of an exported gallery");
      if ((line.kind === "first") !== (number === 1)) refuse("it is not as expected");
      if (line.kind === "last") last = line.counts;
      if (line.kind !== "user") continue;
      counts.users++;
      counts.templates += line.user.templates.length;
      yield line.user;
    }
  } catch (error) {
    if (error instanceof ExportFileError) throw error;
    if (error instanceof BadExportLine) refuse(error.message, error);
    if (error instanceof TypeError || error instanceof RangeError) {
      number++;
      refuse("it is not text in UTF-8, or too long", error);
    }
    throw error;
  }
  if (last === undefined) throw new ExportFileError(`${path}: the file ends early`);
  if (last.users !== counts.users || last.templates !== counts.templates) {
    throw new ExportFileError(`${path}: it does not have the users that its last line names`);
  }
}
