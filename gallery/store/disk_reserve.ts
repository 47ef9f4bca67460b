/**
 * A file beside the database that only takes up room. When the disk is full, it is removed: a database
 * needs room also to delete something, and to start.
 */

/** Room for the largest transaction of a purge, its log, and a start. */
export const RESERVE_BYTES = 16 * 1024 * 1024;
/** Random, because a file system may store nothing for zeros. */
const CHUNK = crypto.getRandomValues(new Uint8Array(64 * 1024));
const FILE_MODE = 0o600;

/** Room on the disk that is kept free. */
export interface DiskReserve {
  /** True when the file has its full size. */
  readonly isKept: boolean;
  /**
   * Makes the file, when there is room for it and for as much again. Otherwise removes it. Says also
   * of a file that is there if there is room beside it.
   *
   * @returns False when the disk is full, or cannot be written
   */
  keep(): boolean;
  /** Removes the file. */
  release(): void;
}

/** Finds the reserve in a file, which may be missing. */
export function findReserve(path: string, bytes: number): DiskReserve {
  const release = () => {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  return {
    get isKept() {
      try {
        return Deno.statSync(path).size >= bytes;
      } catch {
        return false;
      }
    },
    keep() {
      try {
        using file = Deno.openSync(path, { write: true, create: true, mode: FILE_MODE });
        for (let size = file.seekSync(0, Deno.SeekMode.End); size < 2 * bytes;) {
          size += file.writeSync(CHUNK.subarray(0, Math.min(CHUNK.length, 2 * bytes - size)));
        }
        file.truncateSync(bytes);
        return true;
      } catch {
        try {
          release();
        } catch {
          // Nothing can be removed where nothing can be written.
        }
        return false;
      }
    },
    release,
  };
}
