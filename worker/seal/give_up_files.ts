/**
 * Gives up the files that the runtime has open for writing. On a laptop, these are the caches of Deno:
 * code in them runs in the next worker. In the images they cannot be written anyway.
 */

import type { LibC } from "./libc.ts";

type Files = Pick<LibC, "open" | "read" | "close" | "fcntl" | "dup3" | "statx" | "replaceMemory">;

const O_RDONLY = 0, O_ACCMODE = 3, O_CLOEXEC = 0o2000000;
const F_GETFL = 3;
const S_IFMT = 0o170000, S_IFREG = 0o100000;
/** Standard input, output and error stay, and files that are the same as one of them. */
const STANDARD = [0, 1, 2];
/** Deno has about 30 files open at this time. */
const MAX_FILES = 512;
/** A line of /proc/self/maps. */
const MAPPING = /^([0-9a-f]+)-([0-9a-f]+) ([r-])[w-][x-]([sp]) \S+ \S+ \d+ *(.*)$/;
/** Memory that several processes can share, and that is no file. */
const NO_FILE = /^\/(memfd:|dev\/zero \(deleted\)$)/;

/** A mapping of a file that is shared with other processes. */
interface SharedMapping {
  readonly address: bigint;
  readonly length: number;
  readonly canBeRead: boolean;
}

/**
 * Puts /dev/null in the place of each file that is open for writing, and copies in the place of
 * memory that is shared with a file. A mapping that can only be read counts, too: the worker may
 * still call mprotect, which makes it writable when the file was opened for writing.
 *
 * @returns The reason why a file may still be written; undefined when none can
 */
export function giveUpFiles(files: Files): string | undefined {
  const { known } = writableFiles(files), shared = sharedMappings(files);
  // In an image there are none.
  if (known.length + (shared?.length ?? 0) > 0) {
    const nothing = files.open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (const file of known) files.dup3(nothing, file, O_CLOEXEC);
    for (const { address, length, canBeRead } of shared ?? []) {
      if (canBeRead) files.replaceMemory(address, length);
    }
    files.close(nothing);
  }
  return whatIsLeft(files);
}

function whatIsLeft(files: Files): string | undefined {
  const { known, unknown } = writableFiles(files), shared = sharedMappings(files);
  if (shared === undefined) return "/proc/self/maps cannot be read";
  if (unknown > 0) return `${unknown} open files cannot be looked at`;
  const left = known.length + shared.length;
  return left === 0 ? undefined : `${left} files can be written`;
}

/** Returns the regular files that are open for writing, and the number of files without facts. */
function writableFiles(files: Files): { readonly known: number[]; readonly unknown: number } {
  const standard = STANDARD.map((file) => regularFile(files, file));
  const known: number[] = [];
  let unknown = 0;
  for (let file = STANDARD.length; file < MAX_FILES; file++) {
    const flags = files.fcntl(file, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) === O_RDONLY) continue;
    const id = regularFile(files, file);
    if (id === undefined) unknown++;
    else if (id !== "" && !standard.includes(id)) known.push(file);
  }
  return { known, unknown };
}

/**
 * Returns the device and number of a regular file; an empty text for pipes, sockets and others;
 * undefined when the kernel does not tell.
 */
function regularFile(files: Files, file: number): string | undefined {
  const facts = new Uint8Array(256);
  if (files.statx(file, facts) < 0) return undefined;
  const view = new DataView(facts.buffer);
  if ((view.getUint16(28, true) & S_IFMT) !== S_IFREG) return "";
  return [view.getBigUint64(32, true), view.getUint32(136, true), view.getUint32(140, true)]
    .join(" ");
}

/** Returns undefined when the mappings of this process cannot be read. */
function sharedMappings(files: Files): SharedMapping[] | undefined {
  const lines = readAll(files, "/proc/self/maps")?.split("\n").filter((line) => line !== "") ?? [];
  const found: SharedMapping[] = [];
  for (const line of lines) {
    const [, first, end, read, sharing, path = ""] = MAPPING.exec(line) ?? [];
    if (first === undefined || end === undefined) return undefined;
    if (sharing !== "s" || !path.startsWith("/") || NO_FILE.test(path)) continue;
    const address = BigInt(`0x${first}`);
    const length = Number(BigInt(`0x${end}`) - address);
    found.push({ address, length, canBeRead: read === "r" });
  }
  return lines.length === 0 ? undefined : found;
}

function readAll(files: Files, path: string): string | undefined {
  const file = files.open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return undefined;
  const decoder = new TextDecoder();
  const part = new Uint8Array(64 * 1024);
  let text = "";
  let size = files.read(file, part);
  for (; size > 0; size = files.read(file, part)) {
    text += decoder.decode(part.subarray(0, size), { stream: true });
  }
  files.close(file);
  return size < 0 ? undefined : text;
}
