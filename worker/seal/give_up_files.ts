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
/** A mapping of a file that is shared with other processes, and can be written. */
const SHARED = /^([0-9a-f]+)-([0-9a-f]+) .w.s \S+ \S+ [1-9]\d* +(\/(?!dev\/|memfd:).*)$/;

/**
 * Puts /dev/null in the place of each file that is open for writing, and copies in the place of
 * memory that is shared with such a file.
 *
 * @returns Number of files and mappings that can still be written
 */
export function giveUpFiles(files: Files): number {
  const writable = writableFiles(files), shared = sharedMappings(files);
  // In an image there are none.
  if (writable.length + shared.length === 0) return 0;
  const nothing = files.open("/dev/null", O_RDONLY | O_CLOEXEC);
  for (const file of writable) files.dup3(nothing, file, O_CLOEXEC);
  for (const { address, length } of shared) files.replaceMemory(address, length);
  files.close(nothing);
  return writableFiles(files).length + sharedMappings(files).length;
}

function writableFiles(files: Files): number[] {
  const standard = STANDARD.map((file) => regularFile(files, file));
  const found: number[] = [];
  for (let file = STANDARD.length; file < MAX_FILES; file++) {
    const flags = files.fcntl(file, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) === O_RDONLY) continue;
    const id = regularFile(files, file);
    if (id !== undefined && !standard.includes(id)) found.push(file);
  }
  return found;
}

/** Returns the device and number of a regular file; undefined for pipes, sockets and others. */
function regularFile(files: Files, file: number): string | undefined {
  const facts = new Uint8Array(256);
  if (files.statx(file, facts) < 0) return undefined;
  const view = new DataView(facts.buffer);
  if ((view.getUint16(28, true) & S_IFMT) !== S_IFREG) return undefined;
  return [view.getBigUint64(32, true), view.getUint32(136, true), view.getUint32(140, true)]
    .join(" ");
}

function sharedMappings(files: Files): { readonly address: bigint; readonly length: number }[] {
  return readAll(files, "/proc/self/maps").split("\n").flatMap((line) => {
    const [, first, end] = SHARED.exec(line) ?? [];
    if (first === undefined || end === undefined) return [];
    const address = BigInt(`0x${first}`);
    return [{ address, length: Number(BigInt(`0x${end}`) - address) }];
  });
}

function readAll(files: Files, path: string): string {
  const file = files.open(path, O_RDONLY | O_CLOEXEC);
  const decoder = new TextDecoder();
  const part = new Uint8Array(64 * 1024);
  let text = "";
  for (let size = files.read(file, part); size > 0; size = files.read(file, part)) {
    text += decoder.decode(part.subarray(0, size), { stream: true });
  }
  files.close(file);
  return text;
}
