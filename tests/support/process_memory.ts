/** Searches the memory of another process. Needs `memory` of needs.ts. */

import { type ByteSearch, createByteSearch, type Secrets } from "./byte_search.ts";

/** Result of a search. */
export interface MemorySearch {
  /** Names of the secrets that were found, sorted. */
  readonly found: readonly string[];
  /** Number of bytes that were read. */
  readonly bytes: number;
}

const CHUNK_BYTES = 1 << 16;
/** Memory of the kernel, which a process can only execute or read through calls. */
const OF_KERNEL = new Set(["[vvar]", "[vvar_vclock]", "[vsyscall]"]);

/**
 * Searches all memory that a process can read. The process is stopped meanwhile, so that nothing
 * moves from a part that was not read yet to one that was.
 *
 * @throws when a part of the memory cannot be read
 */
export async function searchMemory(pid: number, secrets: Secrets): Promise<MemorySearch> {
  Deno.kill(pid, "SIGSTOP");
  try {
    const search = createByteSearch(secrets);
    using memory = await Deno.open(`/proc/${pid}/mem`);
    let bytes = 0;
    for (const { start, end } of readableParts(await Deno.readTextFile(`/proc/${pid}/maps`))) {
      bytes += searchPart(memory, start, end, search);
    }
    return { found: [...search.found].toSorted(), bytes };
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
}

interface MemoryPart {
  readonly start: number;
  readonly end: number;
}

function readableParts(maps: string): MemoryPart[] {
  const lines = maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+ *(.*)$/gm);
  return [...lines]
    .filter(([, , , name]) => !OF_KERNEL.has(name!))
    .map(([, start, end]) => ({ start: parseInt(start!, 16), end: parseInt(end!, 16) }));
}

function searchPart(
  memory: Deno.FsFile,
  start: number,
  end: number,
  search: ByteSearch,
): number {
  const buffer = new Uint8Array(search.pieceBytes + CHUNK_BYTES);
  /** Bytes at the start of the buffer that were searched before: a piece may go on after them. */
  let kept = 0;
  memory.seekSync(start, Deno.SeekMode.Start);
  for (let at = start; at < end;) {
    const room = Math.min(CHUNK_BYTES, end - at);
    const count = memory.readSync(buffer.subarray(kept, kept + room));
    if (count === null || count === 0) throw new Error(`The memory at ${at} cannot be read`);
    at += count;
    // Most of the memory was never written.
    if (isZero(buffer.subarray(kept, kept + count))) {
      kept = 0;
      continue;
    }
    const filled = buffer.subarray(0, kept + count);
    search.search(filled);
    kept = Math.min(search.pieceBytes - 1, filled.length);
    buffer.copyWithin(0, filled.length - kept, filled.length);
  }
  return end - start;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
