/** Counts what a parser does with bytes. */

/** Bytes, and the work that was done on them. */
export interface CountedBytes {
  /** The bytes. Give them to the parser. */
  readonly bytes: Uint8Array;
  /** Returns how many bytes were looked at, one by one or by a search. A byte counts each time. */
  reads(): number;
  /** Returns the size of all pieces that were taken out of the bytes. */
  taken(): number;
}

/**
 * Watches an array of bytes. Only what a parser of this project needs is allowed: to read an
 * element or the length, `indexOf` and `subarray`. Other access fails, so nothing is missed.
 */
export function countedBytes(target: Uint8Array): CountedBytes {
  let reads = 0, taken = 0;
  const methods: Record<string, unknown> = {
    get length() {
      return target.length;
    },
    indexOf(byte: number, from: number) {
      const at = target.indexOf(byte, from);
      reads += (at < 0 ? target.length : at + 1) - from;
      return at;
    },
    subarray(start: number, end?: number) {
      const piece = target.subarray(start, end);
      taken += piece.length;
      return piece;
    },
  };
  const bytes = new Proxy(target, {
    get(_, name) {
      if (typeof name === "string" && /^\d+$/.test(name)) {
        reads++;
        return target[Number(name)];
      }
      if (typeof name === "string" && name in methods) return methods[name];
      throw new TypeError(`countedBytes does not count ${String(name)}`);
    },
  });
  return { bytes, reads: () => reads, taken: () => taken };
}
